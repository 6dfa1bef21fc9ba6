package record

import "sync/atomic"

// keyframeGate lets access units of a camera through that can be decoded with what is in the file. It
// is used by the goroutine of the camera's track; while a sender replaces its track, two goroutines
// may use it for a moment.
type keyframeGate struct {
	number  atomic.Uint64 // of the last access unit
	whole   atomic.Bool   // the next access unit can be decoded with what is in the file
	dropped atomic.Bool   // it cannot, because the disk was too slow
}

// opens lets an access unit through, or not. n is its number.
func (g *keyframeGate) opens(n uint64, key bool) bool {
	follows := g.number.Swap(n)+1 == n
	if key {
		g.dropped.Store(false)
	}
	whole := key || follows && g.whole.Load()
	g.whole.Store(whole)
	return whole
}

// shut closes the gate up to the next key frame.
func (g *keyframeGate) shut(dropped bool) {
	g.whole.Store(false)
	g.dropped.Store(dropped)
}
