package main

import (
	"context"
	"runtime/debug"
	"time"

	"tilemix/codec/malloc"
	"tilemix/mcu/event"
)

const (
	// reclaimAfter is how long after the last room ended the server returns memory to
	// the system.
	reclaimAfter = time.Second
	// reclaimAgain is how long after that the server returns the rest. Timers refer to
	// an ended room for up to 10 s.
	reclaimAgain = 15 * time.Second
)

// reclaimer returns free memory to the system once the last room has ended. While
// there are rooms, the C library and Go reuse it.
type reclaimer struct {
	rooms func() int    // how many there are now
	ended chan struct{} // a room ended; holds one
	free  func()
}

func newReclaimer(rooms func() int) *reclaimer {
	return &reclaimer{rooms: rooms, ended: make(chan struct{}, 1), free: func() {
		debug.FreeOSMemory()
		malloc.Trim()
	}}
}

// Post notes that a room ended. It never blocks and is safe for concurrent use.
func (r *reclaimer) Post(e event.Event) {
	if e.Type != event.RoomEnded {
		return
	}
	select {
	case r.ended <- struct{}{}:
	default:
	}
}

// Run returns memory when the server has no room any more, and once again later, until
// ctx ends.
func (r *reclaimer) Run(ctx context.Context) error {
	timer := time.NewTimer(reclaimAfter)
	timer.Stop()
	defer timer.Stop()
	again := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.ended:
			again = true
			timer.Reset(reclaimAfter)
		case <-timer.C:
			if r.rooms() > 0 {
				continue
			}
			r.free()
			if again {
				again = false
				timer.Reset(reclaimAgain)
			}
		}
	}
}
