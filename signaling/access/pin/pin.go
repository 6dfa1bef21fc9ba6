// Package pin has the PINs of rooms: one a role, 4 to 12 digits.
//
//	Set ─▶ bcrypt ─▶ book.Book.Pins
//	Check ─▶ paused? ─▶ known already? ─▶ budget of hashes ─▶ bcrypt, all roles ─▶ role, or a refusal
//
// # Guessing
//
// A PIN has so few values that only the number of tries protects it. Five wrong ones from one address
// for one room pause that address there for ten minutes, right ones included. A right PIN forgives
// no wrong one: otherwise a participant could guess the host's PIN between two tries of their own. A
// try counts before it is compared, so that tries at the same time are no more than five either. An
// address of IPv6 counts as its /64.
//
// # Cost
//
// A hash is slow on purpose: 60 ms of a core, for each role. Only one is computed at a time, for two
// tries a second and ten at once in the whole server; beyond, the client is told to come back. A
// PIN that was right before is known by a keyed hash in memory and costs nothing, so a class enters
// at once. Comparisons take the same time for each wrong PIN.
//
// The package has no goroutine. Time is an argument. All is safe for concurrent use.
package pin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/time/rate"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
)

const (
	fewest, mostDigits = 4, 12
	tries              = 5
	pause              = 10 * time.Minute
	cost               = bcrypt.DefaultCost

	hashesPerSecond, hashesAtOnce = 2, 10 // of tries, each for all roles of a room
	busyAfter                     = 2 * time.Second
	mostPlaces                    = 10_000 // that have wrong tries
	mostKnown                     = 10_000 // right PINs
)

// Errors of those who set PINs.
var (
	ErrBad  = errors.New("a PIN has 4 to 12 digits")
	ErrSame = errors.New("two roles cannot have the same PIN")
)

// Set returns PINs with that of one role replaced, or without it if digits is "". Errors: ErrBad and
// ErrSame. It takes 60 ms for each PIN.
func Set(pins []book.Pin, role policy.Role, digits string) ([]book.Pin, error) {
	pins = slices.DeleteFunc(slices.Clone(pins), func(p book.Pin) bool { return p.Role == role })
	if digits == "" {
		return pins, nil
	}
	if !wellFormed(digits) {
		return nil, ErrBad
	}
	for _, p := range pins {
		if bcrypt.CompareHashAndPassword([]byte(p.Hash), []byte(digits)) == nil {
			return nil, ErrSame
		}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(digits), cost)
	return append(pins, book.Pin{Role: role, Hash: string(hash)}), err
}

func wellFormed(digits string) bool {
	return len(digits) >= fewest && len(digits) <= mostDigits && strings.Trim(digits, "0123456789") == ""
}

// Pins judges PINs. It is safe for concurrent use.
type Pins struct {
	shelf  *book.Shelf
	secret [32]byte // keys what known holds

	hashing sync.Mutex // held while a hash is computed
	budget  *rate.Limiter

	mu     sync.Mutex // guards what follows
	places map[place]*record
	known  map[[sha256.Size]byte]policy.Role // PINs that were right
}

// place is an address and what it tries to enter.
type place struct {
	room string
	from netip.Prefix
}

// record has the wrong tries of a place.
type record struct {
	wrong []time.Time // of the last ten minutes, and those that are being compared
	until time.Time   // of the pause
}

// New returns the PINs of a Shelf.
func New(shelf *book.Shelf) *Pins {
	p := &Pins{
		shelf: shelf, budget: rate.NewLimiter(hashesPerSecond, hashesAtOnce),
		places: map[place]*record{}, known: map[[sha256.Size]byte]policy.Role{},
	}
	_, _ = rand.Read(p.secret[:]) // never fails
	return p
}

// Needs tells whether a role has a PIN in a room.
func (p *Pins) Needs(room string, role policy.Role) (bool, error) {
	b, err := p.shelf.View(room)
	return slices.ContainsFunc(b.Pins, func(o book.Pin) bool { return o.Role == role }), err
}

// Check returns the role whose PIN it is. An error is a *credential.Refusal: pin_missing if digits is
// "", pin_wrong, pin_paused or pin_busy; or that of book.Shelf.
func (p *Pins) Check(room, digits string, from netip.Addr, now time.Time) (policy.Role, error) {
	b, err := p.shelf.View(room)
	if err != nil {
		return 0, err
	}
	if digits == "" {
		return 0, credential.Refuse("pin_missing", "this room asks for a PIN")
	}
	if len(b.Pins) == 0 {
		return 0, credential.Refuse("pin_wrong", "this room has no PIN: enter without")
	}
	at := place{room, ban.Around(from)}
	if err := p.begin(at, now); err != nil {
		return 0, err
	}
	role, err := p.compare(b.Pins, room, digits, now)
	r, _ := errors.AsType[*credential.Refusal](err)
	if r == nil || r.Code != "pin_wrong" {
		p.forgive(at, now)
	}
	return role, err
}

// begin counts a try as wrong, or refuses it.
func (p *Pins) begin(at place, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.places[at]
	if r == nil {
		r = &record{}
	}
	r.wrong = slices.DeleteFunc(r.wrong, func(t time.Time) bool { return now.Sub(t) >= pause })
	if now.Before(r.until) {
		refusal := credential.Refuse("pin_paused", "too many wrong PINs: try again in %d minutes", int((r.until.Sub(now)+time.Minute-1)/time.Minute))
		refusal.After = r.until.Sub(now)
		return refusal
	}
	if len(r.wrong) >= tries { // some are being compared right now
		return busy()
	}
	r.wrong = append(r.wrong, now)
	if len(r.wrong) == tries {
		r.until = now.Add(pause)
	}
	p.makePlace(now)
	p.places[at] = r
	return nil
}

// forgive takes back a try that was not wrong.
func (p *Pins) forgive(at place, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.places[at]
	if r == nil {
		return
	}
	if i := slices.Index(r.wrong, now); i >= 0 {
		r.wrong = slices.Delete(r.wrong, i, i+1)
		r.until = time.Time{} // they were fewer than five
	}
	if len(r.wrong) == 0 {
		delete(p.places, at)
	}
}

// makePlace forgets what is over if there is too much, and a tenth of the rest if that is not enough:
// fewer at a time would cost each stranger's try a walk through all.
func (p *Pins) makePlace(now time.Time) {
	if len(p.places) < mostPlaces {
		return
	}
	for at, r := range p.places {
		if now.Sub(r.wrong[len(r.wrong)-1]) >= pause {
			delete(p.places, at)
		}
	}
	if len(p.places) < mostPlaces {
		return
	}
	for at := range p.places {
		if len(p.places) < mostPlaces/10*9 {
			return
		}
		delete(p.places, at)
	}
}

func busy() *credential.Refusal {
	r := credential.Refuse("pin_busy", "many PINs are being tried: try again in a moment")
	r.After = busyAfter
	return r
}

func (p *Pins) compare(pins []book.Pin, room, digits string, now time.Time) (policy.Role, error) {
	wrong := credential.Refuse("pin_wrong", "the PIN is wrong")
	if !wellFormed(digits) {
		return 0, wrong
	}
	for _, o := range pins {
		if role, ok := p.wasRight(p.tag(room, o, digits)); ok {
			return role, nil
		}
	}
	if !p.budget.AllowN(now, 1) {
		return 0, busy()
	}
	p.hashing.Lock()
	defer p.hashing.Unlock()
	var right *book.Pin
	for i, o := range pins { // all of them, so that time does not tell which role was right
		if bcrypt.CompareHashAndPassword([]byte(o.Hash), []byte(digits)) == nil {
			right = &pins[i]
		}
	}
	if right == nil {
		return 0, wrong
	}
	p.learn(p.tag(room, *right, digits), right.Role)
	return right.Role, nil
}

// tag is what is known of a PIN that was right. It changes with the PIN's hash, so that a PIN that
// was replaced is not known any more.
func (p *Pins) tag(room string, o book.Pin, digits string) (tag [sha256.Size]byte) {
	mac := hmac.New(sha256.New, p.secret[:])
	for _, part := range []string{room, o.Role.String(), o.Hash, digits} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	mac.Sum(tag[:0])
	return tag
}

func (p *Pins) wasRight(tag [sha256.Size]byte) (policy.Role, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	role, ok := p.known[tag]
	return role, ok
}

func (p *Pins) learn(tag [sha256.Size]byte, role policy.Role) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostKnown {
		clear(p.known)
	}
	p.known[tag] = role
}
