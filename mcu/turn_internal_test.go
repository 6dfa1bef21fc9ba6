package mcu

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/turn"
)

// TestSharedSecret: each client gets credentials of its own for a TURN server that shares a secret,
// which that server can check, and never the secret.
func TestSharedSecret(t *testing.T) {
	cfg := Config{
		ICEServers:  []control.ICEServer{{URLs: []string{"stun:a"}}},
		TURNServers: []turn.Shared{{URL: "turn:b", Secret: "north"}},
	}
	users := map[string]bool{}
	for range 3 {
		all := iceServers(cfg, nil, nil)
		if len(all) != 2 || len(cfg.ICEServers) != 1 || all[0].URLs[0] != "stun:a" || all[1].URLs[0] != "turn:b" {
			t.Fatalf("clients get %+v", all)
		}
		s := all[1]
		expiry, _, found := strings.Cut(s.Username, ":")
		seconds, err := strconv.ParseInt(expiry, 10, 64)
		if left := time.Until(time.Unix(seconds, 0)); !found || err != nil || left < 59*time.Minute || left > time.Hour {
			t.Errorf("the username %s is valid for %v, %v", s.Username, left, err)
		}
		mac := hmac.New(sha1.New, []byte("north"))
		mac.Write([]byte(s.Username))
		if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); s.Credential != want {
			t.Errorf("the password is %s, not %s", s.Credential, want)
		}
		users[s.Username] = true
	}
	if len(users) != 3 {
		t.Errorf("%d usernames for 3 clients", len(users))
	}
}
