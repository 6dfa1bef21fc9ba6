package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"path"
	"strings"
	"time"

	"tilemix/mcu/policy"
)

// Claims is what a credential says, once it is verified.
type Claims struct {
	Grant policy.Grant
	// Rooms is a pattern of path.Match that the names of rooms match for which the credential is
	// good: * and ? stand for any characters, and for one.
	Rooms   string
	Expires time.Time // after which nobody joins by it; zero: never
	ID      string    // for the audit log and for bans; no secret
}

// Admits tells whether the credential is good for a room. "" is no room: the server as a whole, for
// which only a credential for all rooms is good.
func (c Claims) Admits(room string) bool {
	if c.Rooms == "*" {
		return true
	}
	ok, err := path.Match(c.Rooms, room)
	return ok && err == nil && room != ""
}

// Literal returns the pattern that matches one name only.
func Literal(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// secretBytes is how many random bytes a secret has.
const secretBytes = 32

// NewSecret returns a secret that begins with prefix, in characters that URLs, headers and WebSocket
// subprotocols take.
func NewSecret(prefix string) string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// IsSecret tells whether a text has the form of a secret with a prefix.
func IsSecret(text, prefix string) bool {
	rest, ok := strings.CutPrefix(text, prefix)
	b, err := base64.RawURLEncoding.DecodeString(rest)
	return ok && err == nil && len(b) == secretBytes
}

// Hash returns what is kept of a secret.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
