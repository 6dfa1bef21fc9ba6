package credential_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tilemix/signaling/access/credential"
)

func TestAdmits(t *testing.T) {
	for _, c := range []struct {
		rooms, room string
		want        bool
	}{
		{"*", "demo", true},
		{"*", "", true},
		{"demo", "demo", true},
		{"demo", "Demo", false},
		{"exam-*", "exam-1", true},
		{"exam-*", "exam", false},
		{"exam-?", "exam-12", false},
		{"", "demo", false},
		{"", "", false},
		{"[", "[", false},
		{"[a", "a", false},
		{"**", "", false},
		{credential.Literal("*"), "demo", false},
		{credential.Literal(`a[b]\?`), `a[b]\?`, true},
	} {
		if got := (credential.Claims{Rooms: c.rooms}).Admits(c.room); got != c.want {
			t.Errorf("%q admits to %q: %v", c.rooms, c.room, got)
		}
	}
}

func TestSecret(t *testing.T) {
	a, b := credential.NewSecret("x_"), credential.NewSecret("x_")
	if a == b || !credential.IsSecret(a, "x_") || credential.Hash(a) == credential.Hash(b) || len(credential.Hash(a)) != 64 {
		t.Errorf("%q, %q", a, b)
	}
	for _, text := range []string{"", "x_", a[2:], a[:len(a)-1], a + "A", "y_" + a[2:], strings.Repeat("x_", 30)} {
		if credential.IsSecret(text, "x_") {
			t.Errorf("%q is a secret", text)
		}
	}
}

func TestRefusal(t *testing.T) {
	for _, code := range credential.Codes() {
		r := credential.Refuse(code, "no %d", 1)
		if r.Status() < 401 || r.Error() != "no 1" {
			t.Errorf("%s: %d %s", code, r.Status(), r)
		}
	}
	err := fmt.Errorf("join: %w", credential.Refuse("banned", "no"))
	if !errors.Is(err, &credential.Refusal{Code: "banned"}) || errors.Is(err, &credential.Refusal{Code: "key_room"}) {
		t.Error("refusals compare by something other than their code")
	}
	defer func() {
		if recover() == nil {
			t.Error("a code that is none")
		}
	}()
	_ = credential.Refuse("whatever", "")
}
