package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	// lifetime is how long credentials can be used to get a relay.
	lifetime = time.Hour
	// grace is how long beyond that whoever has a relay may keep it, so that long
	// calls go on.
	grace = 24 * time.Hour
)

// Credentials returns a username and a password that are good from now on for an
// hour, and for what was begun with them for a day more. The username says until
// when, in seconds since 1970, and the password is its HMAC
// (draft-uberti-behave-turn-rest-00 §2.2).
func (s *Server) Credentials(now time.Time) (username, password string) {
	username = strconv.FormatInt(now.Add(lifetime).Unix(), 10) + ":" + rand.Text()[:8]
	return username, s.password(username)
}

func (s *Server) password(username string) string {
	mac := hmac.New(sha1.New, []byte(s.secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate is turn.AuthHandler. pion compares the request with the key.
func (s *Server) authenticate(r *turn.RequestAttributes) (user string, key []byte, ok bool) {
	expiry, _, _ := strings.Cut(r.Username, ":")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	until := time.Unix(seconds, 0)
	if r.Method != stun.MethodAllocate {
		until = until.Add(grace)
	}
	if err != nil || r.Realm != realm || time.Now().After(until) {
		s.badCredentials.Add(1)
		return "", nil, false
	}
	return r.Username, turn.GenerateAuthKey(r.Username, r.Realm, s.password(r.Username)), true
}

// authenticated counts who had a name but not its password.
func (s *Server) authenticated(_, _ net.Addr, _, _, _, _ string, verdict bool) {
	if !verdict {
		s.badCredentials.Add(1)
	}
}
