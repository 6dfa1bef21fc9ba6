package main

import (
	"context"
	"fmt"
	"os"
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
	// reclaimLook is how often the server looks whether it has grown by reclaimGrowth bytes since
	// it returned memory last. Clients that never connect make it grow, and no room ends.
	reclaimLook   = 30 * time.Second
	reclaimGrowth = 32 << 20
)

// reclaimer returns free memory to the system once the last room has ended, or the server has grown
// without a room. While there are rooms, the C library and Go reuse it.
type reclaimer struct {
	rooms    func() int    // how many there are now
	ended    chan struct{} // a room ended; holds one
	free     func()
	resident func() int64 // bytes of this process in memory; 0 if unknown
}

func newReclaimer(rooms func() int) *reclaimer {
	return &reclaimer{rooms: rooms, ended: make(chan struct{}, 1), free: func() {
		debug.FreeOSMemory()
		malloc.Trim()
	}, resident: resident}
}

// resident returns the bytes of this process that are in memory, or 0 (proc_pid_statm(5)).
func resident() int64 {
	var size, pages int64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	if n, _ := fmt.Sscan(string(text), &size, &pages); n != 2 {
		return 0
	}
	return pages * int64(os.Getpagesize())
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
	look := time.NewTicker(reclaimLook)
	defer look.Stop()
	again, least := false, r.resident()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.ended:
			again = true
			timer.Reset(reclaimAfter)
		case <-look.C:
			if r.resident()-least >= reclaimGrowth && r.rooms() == 0 {
				r.free()
				least = r.resident()
			}
		case <-timer.C:
			if r.rooms() > 0 {
				continue
			}
			r.free()
			least = r.resident()
			if again {
				again = false
				timer.Reset(reclaimAgain)
			}
		}
	}
}
