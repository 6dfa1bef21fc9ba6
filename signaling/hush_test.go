package signaling_test

import (
	"net/http"
	"testing"

	"tilemix/mcu/control"
	"tilemix/signaling/access"
)

// TestHushedComesBack has a participant come back whose microphone a host holds off: the welcome says
// so. Once the participant has switched it on again, the next welcome does not.
func TestHushedComesBack(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	secret, _ := invited(t, url, `{}`)
	conn, ben, refused := come(t, url, "Ben", "bearer."+secret)
	if conn == nil {
		t.Fatal(refused)
	}
	negotiate(t, conn)
	seated(t, conn, ben.ID)
	hold := func(body string) {
		t.Helper()
		do(t, http.MethodPatch, url+"/api/v1/rooms/den/participants/"+ben.ID, body, "Content-Type", "application/json", "Authorization", operator).want(t, http.StatusNoContent)
	}
	hold(`{"audio":{"locked":true}}`)
	for n := range 3 {
		again, w, refused := come(t, url, "Ben", "resume."+ben.Resume)
		if again == nil || w.ID != ben.ID {
			t.Fatal(refused, w)
		}
		switch m := w.Muted; n {
		case 0:
			if m == nil || m.By != "Operator" || !m.AudioMuted || !m.AudioLocked || m.VideoMuted {
				t.Fatalf("Ben, who is held off, is told %+v", m)
			}
			hold(`{"audio":{"locked":false}}`)
		case 1:
			if m == nil || !m.AudioMuted || m.AudioLocked {
				t.Fatalf("Ben, who is off, is told %+v", m)
			}
			sendJSON(t, again, control.Mute{})
			sendJSON(t, again, control.SendChat{Text: "I am on"})
			if e := awaitMessage[control.Chat](t, again); e.Text == "" {
				t.Error(e)
			}
		case 2:
			if m != nil {
				t.Errorf("Ben, who is on, is told %+v", m)
			}
		}
	}
}
