package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	// lifetime is how long a client can get an allocation with credentials.
	lifetime = time.Hour
	// grace is how long after that a client may keep its allocation, so that long calls go on.
	grace = 24 * time.Hour
)

// issuer makes credentials and checks them. It is safe for concurrent use.
type issuer struct {
	secret  string // key of the passwords
	refused atomic.Uint64
}

// Shared is a TURN server of others that shares a secret with this server.
type Shared struct {
	URL    string // as RFC 7065 writes it
	Secret string // of which each client gets credentials, see [Credentials]
}

// Credentials returns a new username and its password for a TURN server that has a secret. They are
// valid for an hour. The username has the time when it expires, in seconds since 1970, and the
// password is its HMAC (draft-uberti-behave-turn-rest-00 §2.2), as coturn's use-auth-secret has it.
func Credentials(secret string, now time.Time) (username, password string) {
	username = strconv.FormatInt(now.Add(lifetime).Unix(), 10) + ":" + rand.Text()[:8]
	return username, passwordOf(secret, username)
}

func passwordOf(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate is turn.AuthHandler. pion compares the request with the key.
func (i *issuer) authenticate(r *turn.RequestAttributes) (user string, key []byte, ok bool) {
	expiry, _, _ := strings.Cut(r.Username, ":")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	until := time.Unix(seconds, 0)
	if r.Method != stun.MethodAllocate {
		until = until.Add(grace)
	}
	if err != nil || r.Realm != realm || time.Now().After(until) {
		i.refused.Add(1)
		return "", nil, false
	}
	return r.Username, turn.GenerateAuthKey(r.Username, r.Realm, passwordOf(i.secret, r.Username)), true
}

// authenticated counts clients that sent a username without its password.
func (i *issuer) authenticated(_, _ net.Addr, _, _, _, _ string, verdict bool) {
	if !verdict {
		i.refused.Add(1)
	}
}
