package policy

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// TestMatrix asks for each action by each role.
func TestMatrix(t *testing.T) {
	own := []string{"connect", "offer", "answer", "candidate", "alive", "receive", "leave", "watch", "view", "report"}
	publishes := append(slices.Clone(own), "publish", "publish.audio", "publish.video", "publish.screen", "mute", "name", "chat", "hand", "layout", "reaction")
	beyond := []string{"rooms", "status", "metrics"}
	for _, action := range Actions() {
		for role, want := range map[Role]bool{
			Viewer:      slices.Contains(own, action),
			Recorder:    slices.Contains(own, action),
			Participant: slices.Contains(publishes, action),
			Host:        !slices.Contains(beyond, action),
		} {
			err := Grant{Role: role}.May(action)
			if (err == nil) != want || err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("%v, %q: %v", role, action, err)
			}
		}
		if err := All().May(action); err != nil {
			t.Error(err)
		}
	}
	if err := All().May("fly"); !errors.Is(err, ErrForbidden) {
		t.Errorf("an action that is in no table: %v", err)
	}
}

// TestNames writes all rights and roles, and reads them.
func TestNames(t *testing.T) {
	if r, err := ParseRights(All().Names()); r != All() || err != nil || len(r.Names()) != len(names) {
		t.Errorf("got %v, %v", r.Names(), err)
	}
	if _, err := ParseRights([]string{"chat", "fly"}); err == nil {
		t.Error("a right that is none")
	}
	for role := range roles {
		data, err := json.Marshal(Role(role))
		var got Role
		if err != nil || json.Unmarshal(data, &got) != nil || got != Role(role) {
			t.Errorf("%s: %v, %v", data, got, err)
		}
	}
	if _, err := ParseRole("king"); err == nil {
		t.Error("a role that is none")
	}
}

// TestRightsReplace gives a participant fewer rights, and a viewer more.
func TestRightsReplace(t *testing.T) {
	if (Grant{Rights: watch}).May("chat") == nil || (Grant{Role: Viewer, Rights: watch | chat}).May("chat") != nil {
		t.Error("the rights of a grant do not replace those of its role")
	}
}
