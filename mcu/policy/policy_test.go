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

// TestAs has clients of each role wish for each role. None gains a right, and none becomes host later.
func TestAs(t *testing.T) {
	may := map[Role][]Role{
		Participant: {Participant, Viewer}, Viewer: {Viewer}, Recorder: {Recorder, Viewer},
		Interpreter: {Interpreter, Participant, Viewer}, Host: {Participant, Viewer, Host, Recorder, Interpreter},
	}
	for from := range may {
		for i := range roles {
			to := Role(i)
			got, err := Grant{Role: from, First: true, Name: "Ada"}.As(to)
			if is := slices.Contains(may[from], to); is != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("%v as %v: %v", from, to, err)
			}
			if err != nil {
				continue
			}
			if got.Role != to || got.Name != "Ada" || got.First != (from == to) {
				t.Errorf("%v as %v is %+v", from, to, got)
			}
			for _, action := range Actions() {
				if got.May(action) == nil && (Grant{Role: from}).May(action) != nil {
					t.Errorf("%v as %v gains %q", from, to, action)
				}
			}
		}
	}
	if got, err := (Grant{Role: Host, Rights: watch | chat}).As(Participant); err != nil || got.Rights != watch|chat {
		t.Errorf("a host who may only write is the participant %+v, %v", got, err)
	}
	if got, err := (Grant{Role: Host, Rights: record}).As(Viewer); err == nil { // no rights at all would be those of the role
		t.Errorf("a program that may only record is the viewer %+v", got)
	}
}
