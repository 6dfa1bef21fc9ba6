package token_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/token"
)

// TestMake makes tokens of each kind, and verifies them as a server with the same key does.
func TestMake(t *testing.T) {
	cfg := token.Default()
	cfg.Files = []string{write(t, filepath.Join(t.TempDir(), "token.key"), []byte(secret+"\n"))}
	v, _ := open(t, cfg)
	for name, tt := range map[string]struct {
		want token.Wanted
		room string
		role policy.Role
	}{
		"all":     {token.Wanted{Identity: "ada", Name: "Ada", Room: "demo", Role: "host", Expires: now.Add(time.Hour)}, "demo", policy.Host},
		"least":   {token.Wanted{Room: "demo", Expires: now.Add(time.Hour)}, "demo", policy.Participant},
		"pattern": {token.Wanted{Room: "exam-*", Role: "viewer", Expires: now.Add(time.Hour)}, "exam-7", policy.Viewer},
	} {
		text, err := token.Make(cfg.Files, tt.want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c, err := v.Verify(t.Context(), text, tt.room, now)
		if err != nil || c.Grant.Role != tt.role || c.Grant.Identity != tt.want.Identity || c.Grant.Name != tt.want.Name {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		if _, err := v.Verify(t.Context(), text, "elsewhere", now); err == nil {
			t.Errorf("%s: it lets into another room", name)
		}
		if _, err := v.Verify(t.Context(), text, tt.room, now.Add(2*time.Hour)); err == nil {
			t.Errorf("%s: it does not end", name)
		}
	}
}

// TestMakeRefuses asks for tokens that nobody could sign, or that a server would refuse.
func TestMakeRefuses(t *testing.T) {
	key := write(t, filepath.Join(t.TempDir(), "token.key"), []byte(secret))
	short := write(t, filepath.Join(t.TempDir(), "short.key"), []byte("short"))
	for _, tt := range []struct {
		files []string
		want  token.Wanted
		says  string
	}{
		{nil, token.Wanted{Room: "demo"}, "no key"},
		{[]string{short}, token.Wanted{Room: "demo"}, "32 bytes"},
		{[]string{key + "x"}, token.Wanted{Room: "demo"}, "token.keyx"},
		{[]string{key}, token.Wanted{}, `"room"`},
		{[]string{key}, token.Wanted{Room: "["}, "pattern"},
		{[]string{key}, token.Wanted{Room: "demo", Role: "king"}, `"role"`},
	} {
		if _, err := token.Make(tt.files, tt.want); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v, %+v: %v, want %q", tt.files, tt.want, err, tt.says)
		}
	}
}
