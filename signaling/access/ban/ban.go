// Package ban keeps out those who were sent away: by identity, by what let them in (an invite, a
// token, a key), and by address.
//
//	Add ─▶ book.Shelf ─▶ Check, at each way in: join, resume, WHIP ─▶ nil, or the refusal "banned"
//
// A ban of what let a client in bans all who come by the same: that is the invite that was passed
// around. The caller leaves out what the ban is not to be for.
//
// The package has no goroutine. Time is an argument. All is safe for concurrent use.
package ban

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/netip"
	"slices"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
)

// most is how many bans a room has. The oldest makes place for one too many.
const most = 1000

// Errors of those who make and lift bans.
var (
	// ErrNobody is returned for a ban without an identity, a credential and an address.
	ErrNobody = errors.New("the ban is for nobody: it needs an identity, a credential or an address")
	// ErrNone is returned for a ban that is not there.
	ErrNone = errors.New("no such ban")
)

// Bans are those of all rooms.
type Bans struct{ shelf *book.Shelf }

// New returns the bans of a Shelf.
func New(shelf *book.Shelf) *Bans { return &Bans{shelf} }

// Around returns what is banned with an address: the address itself, or the /64 of IPv6 that one
// customer of a provider has.
func Around(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil { // the zero address
		return netip.Prefix{}
	}
	return p
}

// Add bans, and returns the ban with its ID. The caller sets all but ID and Created.
func (b *Bans) Add(room string, one book.Ban, now time.Time) (book.Ban, error) {
	if one.Identity == "" && one.By == "" && !one.Prefix.IsValid() {
		return book.Ban{}, ErrNobody
	}
	var id [5]byte
	_, _ = rand.Read(id[:]) // never fails
	one.ID, one.Created, one.Prefix = base32.StdEncoding.EncodeToString(id[:]), now.UTC(), one.Prefix.Masked()
	_, err := b.shelf.Update(room, "", func(k *book.Book) error {
		k.Bans = slices.DeleteFunc(k.Bans, func(o book.Ban) bool { return over(o, now) })
		k.Bans = append(k.Bans[max(0, len(k.Bans)-most+1):], one)
		return nil
	})
	return one, err
}

// Lift ends a ban.
func (b *Bans) Lift(room, id string, now time.Time) error {
	_, err := b.shelf.Update(room, "", func(k *book.Book) error {
		n := len(k.Bans)
		k.Bans = slices.DeleteFunc(k.Bans, func(o book.Ban) bool { return o.ID == id })
		if len(k.Bans) == n {
			return ErrNone
		}
		k.Bans = slices.DeleteFunc(k.Bans, func(o book.Ban) bool { return over(o, now) })
		return nil
	})
	return err
}

// List returns the bans of a room that hold, oldest first.
func (b *Bans) List(room string, now time.Time) ([]book.Ban, error) {
	k, err := b.shelf.View(room)
	return slices.DeleteFunc(slices.Clone(k.Bans), func(o book.Ban) bool { return over(o, now) }), err
}

// Check returns nil, or the refusal "banned" of the ban that holds longest. Other errors are those of
// book.Shelf.
func (b *Bans) Check(room string, g policy.Grant, addr netip.Addr, now time.Time) error {
	k, err := b.shelf.View(room)
	if err != nil {
		return err
	}
	addr = addr.Unmap().WithZone("")
	var longest *book.Ban
	for i, o := range k.Bans {
		if !over(o, now) && holds(o, g, addr) && (longest == nil || later(o.Until, longest.Until)) {
			longest = &k.Bans[i]
		}
	}
	if longest == nil {
		return nil
	}
	r := credential.Refuse("banned", "a host of this room has sent you away")
	if longest.Reason != "" {
		r.Text += ": " + longest.Reason
	}
	if r.Until = longest.Until; !r.Until.IsZero() {
		r.After = r.Until.Sub(now)
	}
	return r
}

func over(o book.Ban, now time.Time) bool { return !o.Until.IsZero() && !now.Before(o.Until) }

func holds(o book.Ban, g policy.Grant, addr netip.Addr) bool {
	return o.Identity != "" && o.Identity == g.Identity ||
		o.By != "" && o.By == g.By ||
		o.Prefix.IsValid() && o.Prefix.Contains(addr)
}

// later tells whether a ban until a ends after one until b; zero is no end.
func later(a, b time.Time) bool { return !b.IsZero() && (a.IsZero() || a.After(b)) }
