package mcu

import (
	"sync"
	"time"
)

const (
	// patience is how long somebody who is connecting keeps cameras from their turns.
	patience = time.Second
	// doorPeriod begins as a turn is kept, and doorShare is how long of it one may be:
	// whoever joins again and again without ever connecting takes no more.
	doorPeriod = 5 * time.Second
	doorShare  = time.Second
)

// doorway keeps one of the cameras' turns free while anybody is connecting: in a
// storm of joins they would take all there is, and a handshake is short. A machine
// with one turn cannot spare it. It is safe for concurrent use.
type doorway struct {
	turns chan struct{}

	mu     sync.Mutex // guards what follows
	inside int
	holds  bool
	since  time.Time // when it began to hold
	period time.Time // when this one began
	spent  time.Duration
	limit  *time.Timer // of how long it holds
}

// enter is for who begins to connect. The function that it returns is to be called
// when he is connected, or has left; after patience it calls itself.
func (d *doorway) enter() (pass func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside++
	if !d.holds && cap(d.turns) > 1 {
		d.hold(time.Now())
	}
	leave := sync.OnceFunc(d.leave)
	timer := time.AfterFunc(patience, leave)
	return func() {
		timer.Stop()
		leave()
	}
}

func (d *doorway) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.inside == 0 {
		d.release()
	}
}

// hold takes a turn, if there is one and the period has time left. The caller holds d.mu.
func (d *doorway) hold(now time.Time) {
	if now.Sub(d.period) >= doorPeriod {
		d.period, d.spent = now, 0
	}
	if d.spent >= doorShare {
		return
	}
	select {
	case d.turns <- struct{}{}:
		d.holds, d.since = true, now
		d.limit = time.AfterFunc(doorShare-d.spent, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.release()
		})
	default: // the next one tries again
	}
}

// release gives the turn back. The caller holds d.mu.
func (d *doorway) release() {
	if !d.holds {
		return
	}
	d.limit.Stop()
	d.holds = false
	d.spent += time.Since(d.since)
	<-d.turns
}
