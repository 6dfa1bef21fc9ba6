// Package admission bounds the participants that wait for their first media connection. Each
// client that can send a request can begin to wait. Waiting takes no seat, and the server bounds
// it: in all, and for each address. Time is an argument; nothing here runs.
//
//	Join ─▶ Waiting.Enter ─▶ Ticket ─▶ connection stands ─▶ Waiting.Leave, a seat
//	             └─ full: the oldest makes place, or the newcomer is refused
package admission

import (
	"errors"
	"net/netip"
	"slices"
	"time"
)

// ErrBusy is returned for a newcomer when too many wait, none of which has to make place yet.
var ErrBusy = errors.New("too many connections are being made")

// ErrDraining is returned for a room that does not exist yet, while the server is about to stop.
var ErrDraining = errors.New("server stops soon and takes no new rooms")

// Bounds limit those who wait.
type Bounds struct {
	All     int           // that wait at a time
	PerHost int           // of them of one address, or one /64 of IPv6
	Grace   time.Duration // after which one that waits makes place for a newcomer
}

// Default returns the limits for production. A client connects in much less than Grace, also
// over a slow network path.
func Default() Bounds { return Bounds{All: 512, PerHost: 64, Grace: 3 * time.Second} }

// Ticket is one place among those who wait.
type Ticket struct {
	from  netip.Prefix
	since time.Time
	evict func() // ends the wait
}

// Waiting are those who wait, the oldest first. It is not safe for concurrent use.
type Waiting struct {
	bounds Bounds
	all    []*Ticket
}

// New returns a Waiting with nobody in it.
func New(b Bounds) *Waiting { return &Waiting{bounds: b} }

// Enter gives a newcomer from an address a place. The zero address is one that is not counted,
// such as loopback. Where a limit is reached, the oldest that waits within that limit is evicted
// if it has waited for Grace; otherwise Enter fails with ErrBusy. evict must not block.
func (w *Waiting) Enter(from netip.Prefix, now time.Time, evict func()) (*Ticket, error) {
	if from.IsValid() && w.of(from) >= w.bounds.PerHost {
		if err := w.evict(now, func(t *Ticket) bool { return t.from == from }); err != nil {
			return nil, err
		}
	}
	if len(w.all) >= w.bounds.All {
		if err := w.evict(now, func(*Ticket) bool { return true }); err != nil {
			return nil, err
		}
	}
	t := &Ticket{from, now, evict}
	w.all = append(w.all, t)
	return t, nil
}

// Leave takes away a ticket, whose owner has a seat or has left. A second Leave does nothing.
func (w *Waiting) Leave(t *Ticket) {
	w.all = slices.DeleteFunc(w.all, func(o *Ticket) bool { return o == t })
}

// Len returns how many wait.
func (w *Waiting) Len() int { return len(w.all) }

func (w *Waiting) of(from netip.Prefix) (n int) {
	for _, t := range w.all {
		if t.from == from {
			n++
		}
	}
	return n
}

// evict has the oldest of those that are meant make place.
func (w *Waiting) evict(now time.Time, meant func(*Ticket) bool) error {
	i := slices.IndexFunc(w.all, meant)
	if i < 0 || now.Sub(w.all[i].since) < w.bounds.Grace {
		return ErrBusy
	}
	t := w.all[i]
	w.all = slices.Delete(w.all, i, i+1)
	t.evict()
	return nil
}
