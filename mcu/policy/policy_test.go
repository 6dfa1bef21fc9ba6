package policy

import "testing"

// TestOpen asks for each role and action.
func TestOpen(t *testing.T) {
	for do := Mute; do <= Other; do++ {
		if err := (Open{}).May(Participant, do); err != nil {
			t.Errorf("a participant may not do %v: %v", do, err)
		}
		if err := (Open{}).May(Viewer, do); err == nil {
			t.Errorf("a viewer may do %v", do)
		}
	}
}
