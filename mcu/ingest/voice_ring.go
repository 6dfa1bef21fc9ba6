package ingest

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/jitter"
)

// ringPlaces is how many packets the ring holds: a network that stalls for 2.5 s
// and then delivers all at once loses nothing of it.
const ringPlaces = 128

// ring is a queue between one goroutine that pushes and one that pops. The
// entries stay where they are, so that their payloads' memory is used again.
type ring struct {
	entries [ringPlaces]entry
	pushed  atomic.Uint32
	popped  atomic.Uint32
}

type entry struct {
	packet jitter.Packet
	time   time.Time
}

// back returns the entry to write, which push hands over, or nil when the ring is
// full.
func (r *ring) back() *entry {
	n := r.pushed.Load()
	if n-r.popped.Load() == ringPlaces {
		return nil
	}
	return &r.entries[n%ringPlaces]
}

func (r *ring) push() { r.pushed.Add(1) }

// front returns the entry to read, which pop gives back, or nil when the ring is
// empty.
func (r *ring) front() *entry {
	n := r.popped.Load()
	if n == r.pushed.Load() {
		return nil
	}
	return &r.entries[n%ringPlaces]
}

func (r *ring) pop() { r.popped.Add(1) }
