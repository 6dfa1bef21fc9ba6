// Package handshake gives handshakes priority over decoding, which is what a server does most
// of the time.
//
// # Why
//
// A handshake has a decode slot to itself while a client connects. In a storm of fifty joins,
// the cameras of those in the room would otherwise delay the handshakes of the others. It is
// held for at most one second in five, so that a client that joins again and again without
// connecting does not take half of a small machine.
package handshake

import (
	"sync"
	"time"
)

const (
	// patience (1 s) is how long one handshake keeps a decode slot from the cameras.
	patience = time.Second
	// holdShare (1 s) is how long of a holdPeriod (5 s) a slot is kept at most, so that a
	// client that joins again and again without ever connecting takes no more.
	holdPeriod = 5 * time.Second
	holdShare  = time.Second
)

// Priority keeps one of the cameras' decode
// slots free while any client is connecting. In a storm of joins the cameras would take
// all there is, and a handshake is short. A machine with one slot cannot spare it. It is
// safe for concurrent use.
type Priority struct {
	slots chan struct{}

	mu     sync.Mutex // guards what follows
	inside int
	holds  bool
	since  time.Time // when it began to hold
	period time.Time // when this one began
	spent  time.Duration
	limit  *time.Timer // of how long it holds
}

// New returns the priority over those who take slots.
func New(slots chan struct{}) *Priority { return &Priority{slots: slots} }

// Begin is for a client that begins to connect. The caller calls done when the client is
// connected, or has left; after patience it calls itself.
func (d *Priority) Begin() (done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside++
	if !d.holds && cap(d.slots) > 1 {
		d.hold(time.Now())
	}
	leave := sync.OnceFunc(d.leave)
	timer := time.AfterFunc(patience, leave)
	return func() {
		timer.Stop()
		leave()
	}
}

func (d *Priority) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.inside == 0 {
		d.release()
	}
}

// hold takes a slot, if one is free and the period has time left. The caller holds d.mu.
func (d *Priority) hold(now time.Time) {
	if now.Sub(d.period) >= holdPeriod {
		d.period, d.spent = now, 0
	}
	if d.spent >= holdShare {
		return
	}
	select {
	case d.slots <- struct{}{}:
		d.holds, d.since = true, now
		d.limit = time.AfterFunc(holdShare-d.spent, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.release()
		})
	default: // the next one tries again
	}
}

// release gives the slot back. The caller holds d.mu.
func (d *Priority) release() {
	if !d.holds {
		return
	}
	d.limit.Stop()
	d.holds = false
	d.spent += time.Since(d.since)
	<-d.slots
}
