package signaling_test

import (
	"net/http"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/signaling/access"
)

// TestInviteGivenBack has a client come by an invite for one, and fail: the invite lets another try in,
// and then nobody.
func TestInviteGivenBack(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	secret, _ := invited(t, url, `{"uses":1}`)
	push := func(body string, want int) {
		t.Helper()
		do(t, http.MethodPost, url+"/whip/den?name=Ben", body, "Content-Type", "application/sdp", "Authorization", "Bearer "+secret).want(t, want)
	}
	for range 2 {
		push("this is no offer", http.StatusBadRequest)
	}
	do(t, http.MethodGet, url+"/ws/den?name=Ben", "", "Authorization", "Bearer "+secret).want(t, http.StatusUpgradeRequired)
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer := c.offer(t, true, false)
	push(offer, http.StatusCreated)
	push(offer, http.StatusForbidden)
}

// TestAuthOfRoom has rooms that ask for more, and for less, than their server.
func TestAuthOfRoom(t *testing.T) {
	t.Run("strict", func(t *testing.T) {
		url, _ := guarded(t, access.Open)
		decide(t, url, `{"auth":"invite","hostLeaves":"end"}`, http.StatusOK)
		decide(t, url, `{"auth":"password"}`, http.StatusBadRequest)
		decide(t, url, `{"hostLeaves":"cry"}`, http.StatusBadRequest)
		if _, _, refused := come(t, url, "Eve"); refused != "401 missing_credential" {
			t.Errorf("without an invite: %q", refused)
		}
		secret, _ := invited(t, url, `{}`)
		if _, ben, refused := come(t, url, "Ben", "bearer."+secret); refused != "" || ben.Role != "participant" {
			t.Errorf("by an invite: %+v, %q", ben, refused)
		}
	})
	t.Run("open", func(t *testing.T) {
		url, _ := guarded(t, access.Token)
		if _, _, refused := come(t, url, "Ben"); refused != "401 missing_credential" {
			t.Errorf("before the room is open: %q", refused)
		}
		decide(t, url, `{"auth":"open"}`, http.StatusOK)
		if _, ada, refused := come(t, url, "Ada"); refused != "" || ada.Role == "" {
			t.Errorf("into the open room: %+v, %q", ada, refused)
		}
	})
}
