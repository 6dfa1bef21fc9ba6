package signaling_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"tilemix/mcu/overlay"
	"tilemix/signaling/access"
)

// TestOverlays decides what a room's picture shows before and during a call.
func TestOverlays(t *testing.T) {
	url, shelf := guarded(t, access.Open)
	at := url + "/api/v1/rooms/den/overlays"
	put := func(body string, want int, auth ...string) reply {
		t.Helper()
		if auth == nil {
			auth = []string{operator}
		}
		r := do(t, http.MethodPut, at, body, "Content-Type", "application/json", "Authorization", auth[0])
		r.want(t, want)
		return r
	}
	kept := func() (*overlay.Set, error) {
		b, err := shelf.View("den")
		if err != nil {
			return nil, err
		}
		all, err := b.Pictures()
		return all.Own, err
	}
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewNRGBA(image.Rect(0, 0, 64, 32))); err != nil {
		t.Fatal(err)
	}
	r := put(`{"banner":{"text":"مرحبا <b>Hello</b>"},"logo":{"picture":"data:image/png;base64,`+base64.StdEncoding.EncodeToString(logo.Bytes())+`"},"clock":"elapsed"}`, http.StatusOK)
	if !strings.Contains(r.body, `"picture":"sha256:`) || strings.Contains(r.body, "base64") {
		t.Errorf("the answer is %.200s", r.body)
	}
	set, err := kept()
	if err != nil || set == nil || set.Clock != "elapsed" {
		t.Fatalf("kept is %+v, %v", set, err)
	}
	for _, c := range []struct {
		body string
		want int
		code string
	}{
		{`{"clock":"sun"}`, http.StatusBadRequest, "bad_overlays"},
		{`{"banner":{"text":"` + strings.Repeat("x", 1<<20) + `"}}`, http.StatusBadRequest, "bad_overlays"},
		{`{"logo":{"picture":"` + strings.Repeat("x", 7<<20) + `"}}`, http.StatusRequestEntityTooLarge, "too_large"},
		{`{"sticker":1}`, http.StatusBadRequest, "bad_request"},
	} {
		if r := put(c.body, c.want); !strings.Contains(r.body, `"code":"`+c.code+`"`) {
			t.Errorf("%.40s is answered %s", c.body, r.body)
		}
	}
	put(`{"name":"air","rec":true}`, http.StatusOK)
	put(`{"name":"none","rec":true}`, http.StatusBadRequest)
	if r := do(t, http.MethodGet, at+"?name=air", "", "Authorization", operator); r.body != "{\"name\":\"air\",\"rec\":true}\n" {
		t.Errorf("overlays of a name are %s", r.body)
	}
	do(t, http.MethodGet, at+"?name=moon", "", "Authorization", operator).want(t, http.StatusNotFound)
	if set, err := kept(); err != nil || set.Name != "" || set.Clock != "elapsed" {
		t.Errorf("others are kept in the place of the room's: %+v, %v", set, err)
	}
	ada, welcome, _ := come(t, url, "Ada")
	connect(t, ada)
	if r := do(t, http.MethodGet, at, "", "Authorization", operator); !strings.Contains(r.body, `"clock":"elapsed"`) {
		t.Errorf("the room shows %s", r.body)
	}
	if r := do(t, http.MethodGet, at+"?name=air", "", "Authorization", operator); !strings.Contains(r.body, `"rec":true`) {
		t.Errorf("in a call overlays of a name are %s", r.body)
	}
	put(`{"name":"air"}`, http.StatusOK)
	do(t, http.MethodGet, at+"?name=air", "", "Authorization", operator).want(t, http.StatusNotFound)
	put(`{"rec":true}`, http.StatusOK, "Bearer "+welcome.Resume)
	r = do(t, http.MethodGet, at, "", "Authorization", operator)
	if r.body != "{\"rec\":true}\n" {
		t.Errorf("the room shows %s", r.body)
	}
	if set, _ := kept(); set == nil || set.Rec {
		t.Error("what a host decides whom nobody vouches for outlives the call")
	}
	do(t, http.MethodPost, at+"/lower-third", `{"id":"`+welcome.ID+`"}`, "Content-Type", "application/json", "Authorization", operator).want(t, http.StatusNoContent)
	do(t, http.MethodPost, at+"/lower-third", `{"id":"nobody"}`, "Content-Type", "application/json", "Authorization", operator).want(t, http.StatusNotFound)
	put(`{}`, http.StatusOK)
	if set, err := kept(); set != nil || err != nil {
		t.Errorf("nothing is kept as %+v, %v", set, err)
	}
}
