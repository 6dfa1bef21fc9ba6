package mcu

import (
	"sync"
	"time"
)

// patience is how long somebody who is connecting keeps cameras from their turns.
const patience = time.Second

// doorway keeps one of the cameras' turns free while anybody is connecting: in a
// storm of joins they would take all there is, and a handshake is short. A machine
// with one turn cannot spare it. It is safe for concurrent use.
type doorway struct {
	turns chan struct{}

	mu     sync.Mutex
	inside int
	holds  bool
}

// enter is for who begins to connect. The function that it returns is to be called
// when he is connected, or has left; after patience it calls itself.
func (d *doorway) enter() (pass func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside++
	if !d.holds && cap(d.turns) > 1 {
		select {
		case d.turns <- struct{}{}:
			d.holds = true
		default: // the next one tries again
		}
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
	if d.inside == 0 && d.holds {
		<-d.turns
		d.holds = false
	}
}
