package signaling_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/views"
)

// TestViewParameter has clients of WHIP and WHEP come with a view: one that is none is refused with
// what would be one, and another one is what they have.
func TestViewParameter(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	base := serve(t, srv, open())
	come := func(way, view string) (status int, body string) {
		t.Helper()
		direction := webrtc.RTPTransceiverDirectionSendrecv
		if way == "/whep/demo" {
			direction = webrtc.RTPTransceiverDirectionRecvonly
		}
		offer := newClient(t, direction).offer(t, true, false)
		resp, err := http.Post(base+way+"?name=Ada&view="+url.QueryEscape(view), "application/sdp", strings.NewReader(offer))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	for view, says := range map[string]string{
		"lay out": "neither an ID nor the name of a layout", `{"fps":5}`: "15 to 60", `{"size":1}`: "unknown field", `{"canvas":"1x1"}`: "WIDTHxHEIGHT",
	} {
		for _, way := range []string{"/whip/demo", "/whep/demo"} {
			if status, body := come(way, view); status != http.StatusBadRequest || !strings.Contains(body, says) {
				t.Errorf("%s with %s: %d %s", way, view, status, body)
			}
		}
	}
	srv.wantRooms(t)
	for _, view := range []string{"", "room", "speaker", `{"layout":"grid","hideWithoutVideo":"always"}`} {
		if _, err := views.Parse(view); err != nil {
			t.Fatal(err)
		}
		if status, body := come("/whip/demo", view); status != http.StatusCreated {
			t.Errorf("%s: %d %s", view, status, body)
		}
	}
}
