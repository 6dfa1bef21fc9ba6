package rtc

import "sync/atomic"

const (
	// shelfSize bounds the units of a Shelf: what downlinks keep for repeats, what
	// a rendition keeps for newcomers, and what is on its way.
	shelfSize = 256
	// shelfTries is how many units are looked at for one that nobody uses.
	shelfTries = 8
	// largeUnit is the size in bytes from which units are kept apart, so that not
	// each of them comes to be as large as an IDR.
	largeUnit = 16 << 10
)

// Unit is an access unit's payloads in memory of their own, which many downlinks
// share: they send from it, some of them later, and repeat from it what was lost.
// Whoever keeps one retains and releases it. It is safe for concurrent use.
type Unit struct {
	users    atomic.Int32
	data     []byte
	payloads [][]byte
}

// Payloads are valid while the unit is retained, and are not to be written to.
func (u *Unit) Payloads() [][]byte { return u.payloads }

// Retain keeps the unit for one more user.
func (u *Unit) Retain() { u.users.Add(1) }

// Release lets a user's hold go. The memory is used again when nobody has one.
func (u *Unit) Release() { u.users.Add(-1) }

func (u *Unit) fill(payloads [][]byte, size int) {
	if cap(u.data) < size {
		u.data = make([]byte, 0, size+size/4)
	}
	u.data, u.payloads = u.data[:0], u.payloads[:0]
	for _, p := range payloads {
		at := len(u.data)
		u.data = append(u.data, p...)
		u.payloads = append(u.payloads, u.data[at:len(u.data):len(u.data)])
	}
}

// Shelf makes units and uses their memory again. It is for one goroutine; the
// zero value is ready.
type Shelf struct {
	small, large row
}

// row is the units of one size class, oldest first from next.
type row struct {
	units []*Unit
	next  int
}

// Put copies payloads into a unit, which its caller holds.
func (s *Shelf) Put(payloads [][]byte) *Unit {
	size := 0
	for _, p := range payloads {
		size += len(p)
	}
	from := &s.small
	if size > largeUnit {
		from = &s.large
	}
	u := from.take()
	u.fill(payloads, size)
	u.users.Store(1)
	return u
}

// take returns a unit that nobody uses. A unit whose user is stuck is left to
// him and to the garbage collector.
func (r *row) take() *Unit {
	for range min(shelfTries, len(r.units)) {
		r.next = (r.next + 1) % len(r.units)
		if u := r.units[r.next]; u.users.Load() == 0 {
			return u
		}
	}
	u := &Unit{}
	if len(r.units) < shelfSize {
		r.units = append(r.units, u)
	} else {
		r.units[r.next] = u
	}
	return u
}
