package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
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

// subprotocol is what a WebSocket subprotocol begins with that carries a credential. Scripts of a
// page cannot set headers of a WebSocket, and its URL is logged by proxies.
const subprotocol = "tilemix.bearer."

// longest is how long a credential may be, in bytes.
const longest = 8 << 10

// Bearer returns the credential of a request: a bearer token (RFC 6750 §2.1) in the header
// Authorization, or a WebSocket subprotocol "tilemix.bearer.…". It returns "" if there is none, or
// if it is longer than 8 KiB. The query is never read.
func Bearer(h http.Header) string {
	text := ""
	if scheme, rest, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		text = strings.TrimSpace(rest)
	}
	if text == "" {
		text = bearerOf(h.Values("Sec-WebSocket-Protocol"))
	}
	if len(text) > longest {
		return ""
	}
	return text
}

func bearerOf(protocols []string) string {
	for _, list := range protocols {
		for p := range strings.SplitSeq(list, ",") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(p), subprotocol); ok {
				return text
			}
		}
	}
	return ""
}
