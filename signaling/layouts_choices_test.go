package signaling_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"tilemix/mixer/layout"
	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/blueprint"
)

// TestLayoutChoices has a participant of a room read which layouts it may choose, the operator's and those
// that programs have put. A stranger may not.
func TestLayoutChoices(t *testing.T) {
	t.Parallel()
	shelf, err := blueprint.New([]layout.Layout{{Name: "panel", Place: layout.Grid}}, "")
	if err != nil {
		t.Fatal(err)
	}
	url, _ := guarded(t, access.Open, func(cfg *signaling.Config) { cfg.Layouts = shelf })
	conn, welcome, refused := come(t, url, "Ada")
	if conn == nil {
		t.Fatal(refused)
	}
	at := url + "/api/v1/rooms/den/layouts"
	choices := func() (names []string) {
		t.Helper()
		r := do(t, http.MethodGet, at, "", "Authorization", "Bearer "+welcome.Resume)
		r.want(t, http.StatusOK)
		var answer struct{ Layouts []string }
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Layouts
	}
	if got := choices(); !slices.Equal(got, []string{"panel"}) {
		t.Errorf("at first there are %q", got)
	}
	const quiz = `{"name":"quiz","layouts":[{"slots":[{"at":[0,0,1,1],"who":"rest","grid":true}]}]}`
	do(t, http.MethodPut, url+"/api/v1/layouts/quiz", quiz, "Authorization", operator, "Content-Type", "application/json").want(t, http.StatusOK)
	if got := choices(); !slices.Equal(got, []string{"panel", "quiz"}) {
		t.Errorf("after a program has put one there are %q", got)
	}
	do(t, http.MethodGet, at, "", "X-Nobody", "1").want(t, http.StatusUnauthorized)
	do(t, http.MethodGet, url+"/api/v1/rooms/no%20room/layouts", "", "Authorization", operator).want(t, http.StatusBadRequest)
}
