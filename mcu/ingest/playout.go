package ingest

import (
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
)

const (
	// burst is how many pictures may come between two of the clock's.
	burst = 4
	// maxSteady is how long pictures wait at most so that they come evenly, and
	// steadyFor how long a burst has them wait.
	maxSteady = 120 * time.Millisecond
	steadyFor = 4 * time.Second
)

// playout takes pictures from the decoder to the clock. A packet that is repaired
// holds up the pictures behind it, which then come all at once; all but the newest
// would never be seen. So after such a burst pictures wait until those that are held
// up are there too. Where nothing is repaired, none waits.
type playout struct {
	places [burst]atomic.Pointer[yuv.Frame]
	next   int          // place; the decoder's
	wait   atomic.Int64 // ns from when a picture would have come
	until  time.Time    // the wait is for; the decoder's
}

// burst takes note of pictures that came at once, the first of them so late.
func (p *playout) burst(late time.Duration, now time.Time) {
	late = min(late, maxSteady)
	if now.Before(p.until) && late < time.Duration(p.wait.Load()) {
		return
	}
	p.wait.Store(int64(late))
	p.until = now.Add(steadyFor)
}

// observe ends the wait when it is over.
func (p *playout) observe(now time.Time) {
	if !p.until.IsZero() && now.After(p.until) {
		p.until = time.Time{}
		p.wait.Store(0)
	}
}

// put leaves a picture: in the place of the last while none waits, else of the oldest
// if nobody takes them.
func (p *playout) put(f *yuv.Frame) {
	if p.wait.Load() > 0 {
		p.next++
	}
	p.places[p.next%burst].Swap(f).Release()
}

// take returns the pictures that are there, the oldest first.
func (p *playout) take() (all [burst]*yuv.Frame) {
	n := 0
	for i := range p.places {
		f := p.places[i].Swap(nil)
		if f == nil {
			continue
		}
		at := n
		for ; at > 0 && all[at-1].Due.After(f.Due); at-- {
			all[at] = all[at-1]
		}
		all[at] = f
		n++
	}
	return all
}

func (p *playout) clear() {
	for _, f := range p.take() {
		f.Release()
	}
}

// due is when a picture may be shown, if it has to wait.
func (p *playout) due(f *yuv.Frame) (at time.Time, waits bool) {
	wait := time.Duration(p.wait.Load())
	return f.Due.Add(wait), wait > 0
}
