// Package ticket makes secrets for addresses that open one thing for a while.
package ticket

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"tilemix/signaling/access"
)

// Tickets are secrets for an address that open one thing for a while, for clients that send no
// headers: links and players. They are good until the server restarts. Tickets is safe for
// concurrent use.
type Tickets struct{ key [32]byte }

// New returns tickets of a key of their own.
func New() *Tickets {
	t := &Tickets{}
	_, _ = rand.Read(t.key[:]) // never fails (crypto/rand)
	return t
}

// Issue returns a ticket for a thing.
func (t *Tickets) Issue(thing string, until time.Time) string {
	end := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // after 1970
	return base64.RawURLEncoding.EncodeToString(append(end, t.sum(thing, end)...))
}

// Check returns nil, or access.ErrInvalid if a ticket is not for a thing, or no longer.
func (t *Tickets) Check(ticket, thing string, now time.Time) error {
	data, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(data) != 8+sha256.Size || !hmac.Equal(data[8:], t.sum(thing, data[:8])) {
		return access.ErrInvalid
	}
	if now.Unix() > int64(binary.BigEndian.Uint64(data)) { //nolint:gosec // it was issued by this server
		return access.ErrInvalid
	}
	return nil
}

func (t *Tickets) sum(thing string, end []byte) []byte {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write(end)
	mac.Write([]byte(thing))
	return mac.Sum(nil)
}
