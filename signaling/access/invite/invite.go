// Package invite makes links into rooms, and lets in those who have one.
//
//	Create ─▶ secret, shown once ─▶ /r/ROOM#i=SECRET
//	page ─▶ Authorization: Bearer SECRET, or a WebSocket subprotocol
//	     ─▶ Redeem: known, not revoked, not expired, not used up ─▶ counted on disk ─▶ credential.Claims
//
// The secret stands in the URL's fragment, which browsers send to no server. The server keeps its
// hash. A use is on disk before the guest is let in, so that an invite for one is for one, also after
// a crash. Uses of an invite for any number are written once a minute (book.Shelf.Note), because a
// class of 300 that enters at once must not wait for the disk.
//
// The package has no goroutine. Time is an argument. All is safe for concurrent use.
package invite

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
)

const (
	// Prefix is what each secret of an invite begins with.
	Prefix = "tmi_"

	most    = 1000  // invites of a room
	mostUse = 100   // uses of an invite that the list shows
	maxUses = 10000 // that an invite may be limited to
	maxText = 200   // bytes of a name or a view
)

// Errors of those who make invites.
var (
	ErrBad     = errors.New("bad invite")
	ErrTooMany = errors.New("the room has too many invites: revoke some")
	// ErrNone is returned for an invite that is not there.
	ErrNone = errors.New("no such invite")
)

// Wish says what an invite is to be.
type Wish struct {
	Role    policy.Role
	Name    string    // that the guest has; "": as the guest asks
	View    string    // that the guest gets; "": the room's
	Uses    int       // how often it may be used; 0: any number
	Expires time.Time // zero: never
	By      string    // what makes it, for the list
}

// Invites are those of all rooms.
type Invites struct{ shelf *book.Shelf }

// New returns the invites of a Shelf.
func New(shelf *book.Shelf) *Invites { return &Invites{shelf} }

// Create makes an invite and returns its secret, which nobody can get again. Errors: ErrBad,
// ErrTooMany, and those of book.Shelf.
func (i *Invites) Create(room string, w Wish, now time.Time) (made book.Invite, secret string, err error) {
	if err := w.check(now); err != nil {
		return book.Invite{}, "", err
	}
	secret = credential.NewSecret(Prefix)
	made = book.Invite{
		ID: newID(), Hash: credential.Hash(secret), Role: w.Role, Name: w.Name, View: w.View,
		Uses: w.Uses, Created: now.UTC(), By: w.By, Expires: w.Expires,
	}
	_, err = i.shelf.Update(room, "", func(b *book.Book) error {
		if len(b.Invites) >= most {
			at := slices.IndexFunc(b.Invites, func(o book.Invite) bool { return dead(o, now) != nil })
			if at < 0 {
				return ErrTooMany
			}
			b.Invites = slices.Delete(b.Invites, at, at+1)
		}
		b.Invites = append(b.Invites, made)
		return nil
	})
	if err != nil {
		return book.Invite{}, "", err
	}
	return made, secret, nil
}

func (w Wish) check(now time.Time) error {
	switch {
	case w.Uses < 0 || w.Uses > maxUses:
		return fmt.Errorf("%w: uses must be a number from 1 to %d, or 0 for any number", ErrBad, maxUses)
	case !w.Expires.IsZero() && !w.Expires.After(now):
		return fmt.Errorf("%w: expires must be in the future", ErrBad)
	case len(w.Name) > maxText || len(w.View) > maxText:
		return fmt.Errorf("%w: name and view have at most %d bytes", ErrBad, maxText)
	}
	return nil
}

// newID returns a name for an invite, which is no secret.
func newID() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return base32.StdEncoding.EncodeToString(b[:])
}

// List returns the invites of a room, oldest first. Their hashes are left out.
func (i *Invites) List(room string) ([]book.Invite, error) {
	b, err := i.shelf.View(room)
	all := slices.Clone(b.Invites)
	for n := range all {
		all[n].Hash = ""
	}
	return all, err
}

// Revoke ends an invite. From then on nobody enters by it. It is no error to do so twice.
func (i *Invites) Revoke(room, id string, now time.Time) error {
	_, err := i.shelf.Update(room, "", func(b *book.Book) error {
		at := slices.IndexFunc(b.Invites, func(o book.Invite) bool { return o.ID == id })
		if at < 0 {
			return ErrNone
		}
		if b.Invites[at].Revoked.IsZero() {
			b.Invites[at].Revoked = now.UTC()
		}
		return nil
	})
	return err
}

// Check returns what a secret grants in a room, without a use of it: for what a guest does who is in
// already. A used-up invite is good. An error is a *credential.Refusal, or mcu.ErrBadName.
func (i *Invites) Check(room, secret string, now time.Time) (credential.Claims, error) {
	b, err := i.shelf.View(room)
	if err != nil {
		return credential.Claims{}, err
	}
	at, err := find(b, secret, now)
	if err != nil {
		return credential.Claims{}, err
	}
	return claims(b.Invites[at], room), nil
}

// Redeem lets a guest of a name in, and counts the use. The errors are those of Check, and the
// refusal invite_used. A caller that lets the guest in no further gives the use back by Return.
func (i *Invites) Redeem(room, secret, name string, now time.Time) (credential.Claims, error) {
	b, err := i.shelf.View(room)
	if err != nil {
		return credential.Claims{}, err
	}
	at, err := find(b, secret, now) // before any lock, because strangers guess
	if err != nil {
		return credential.Claims{}, err
	}
	var got credential.Claims
	use := func(b *book.Book) error {
		at, err := find(*b, secret, now)
		if err != nil {
			return err
		}
		one := &b.Invites[at]
		if one.Uses > 0 && one.Used >= one.Uses {
			return credential.Refuse("invite_used", "the invite was used as often as it may be: ask for another")
		}
		one.Used++
		one.Last = append(one.Last, book.Use{Name: cut(name), Time: now.UTC()})
		one.Last = one.Last[max(0, len(one.Last)-mostUse):]
		got = claims(*one, room)
		return nil
	}
	if b.Invites[at].Uses > 0 {
		_, err = i.shelf.Update(room, "", use)
	} else {
		_, err = i.shelf.Note(room, now, use)
	}
	if err != nil {
		return credential.Claims{}, err
	}
	return got, nil
}

// Return takes back the last use of an invite, by the ID of its claims: the guest did not get in.
func (i *Invites) Return(room, id string) error {
	_, err := i.shelf.Update(room, "", func(b *book.Book) error {
		at := slices.IndexFunc(b.Invites, func(o book.Invite) bool { return o.ID == id })
		if at < 0 || b.Invites[at].Used == 0 {
			return ErrNone
		}
		one := &b.Invites[at]
		one.Used--
		one.Last = one.Last[:max(0, len(one.Last)-1)]
		return nil
	})
	return err
}

// find returns which invite a secret is of, if it still lets anybody in.
func find(b book.Book, secret string, now time.Time) (at int, err error) {
	hash := credential.Hash(secret)
	at = slices.IndexFunc(b.Invites, func(o book.Invite) bool {
		return subtle.ConstantTimeCompare([]byte(o.Hash), []byte(hash)) == 1
	})
	if at < 0 {
		return 0, credential.Refuse("invite_invalid", "the invite is not one of this room: open the whole link, or ask for another")
	}
	if r := dead(b.Invites[at], now); r != nil {
		return 0, r
	}
	return at, nil
}

// dead returns why an invite lets nobody in any more, or nil.
func dead(o book.Invite, now time.Time) *credential.Refusal {
	switch {
	case !o.Revoked.IsZero():
		return credential.Refuse("invite_revoked", "the invite was revoked: ask for another")
	case !o.Expires.IsZero() && !now.Before(o.Expires):
		return credential.Refuse("invite_expired", "the invite has expired: ask for another")
	}
	return nil
}

func claims(o book.Invite, room string) credential.Claims {
	return credential.Claims{
		Grant:   policy.Grant{Role: o.Role, Name: o.Name, View: o.View, By: "invite:" + o.ID},
		Rooms:   credential.Literal(room),
		Expires: o.Expires,
		ID:      o.ID,
	}
}

// cut shortens a name for the list.
func cut(name string) string { return name[:min(len(name), maxText)] }
