package ingest

import (
	"slices"
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
)

const (
	// burst is how many pictures may come between two of the clock's.
	burst = 8
	// maxSteady is how long pictures wait at most so that they come evenly.
	maxSteady = 250 * time.Millisecond
	// A playout goes by the last repairs of steadyFor, the latest of which in steadyShare
	// of them is late by what pictures wait for; it waits for less by steadyDecay a second.
	repairs     = 32
	steadyFor   = 10 * time.Second
	steadyShare = 0.9
	steadyDecay = 25 * time.Millisecond
	// slip is how much later than that a picture may be and be shown all the same, one
	// for each picture of the clock.
	slip = 80 * time.Millisecond
)

// playout takes pictures from the decoder to the clock. A packet that is repaired
// holds up the pictures behind it, which then come all at once; all but the newest
// would never be seen. So while packets are repaired pictures wait for as long as
// nearly all repairs take. Where nothing is repaired, none waits.
type playout struct {
	places [burst]atomic.Pointer[yuv.Frame]
	wait   atomic.Int64 // ns from when a picture would have come

	// The decoder's.
	next    int // place
	repairs [repairs]repair
	repair  int // next
	sorted  [repairs]time.Duration
	looked  time.Time
}

// repair is when pictures came at once, and how late the first of them was.
type repair struct {
	at   time.Time
	late time.Duration
}

// burst takes note of pictures that came at once, the first of them so late.
func (p *playout) burst(late time.Duration, now time.Time) {
	p.repairs[p.repair%repairs] = repair{now, late}
	p.repair++
	p.wait.Store(max(p.wait.Load(), int64(p.wanted(now))))
}

// wanted is how long nearly all repairs of late took.
func (p *playout) wanted(now time.Time) time.Duration {
	n := 0
	for _, r := range p.repairs {
		if !r.at.IsZero() && now.Sub(r.at) < steadyFor {
			p.sorted[n] = r.late
			n++
		}
	}
	if n == 0 {
		return 0
	}
	slices.Sort(p.sorted[:n])
	return min(p.sorted[int(float64(n-1)*steadyShare+0.5)], maxSteady)
}

// observe shortens the wait where repairs take less, or there are none any more.
func (p *playout) observe(now time.Time) {
	wait := time.Duration(p.wait.Load())
	past := now.Sub(p.looked)
	if wait == 0 || past < time.Second/10 {
		if wait == 0 {
			p.looked = now
		}
		return
	}
	p.looked = now
	less := time.Duration(float64(steadyDecay) * min(past.Seconds(), 1))
	wanted := p.wanted(now)
	if wait -= less; wanted == 0 && wait < steadyDecay {
		wait = 0
	}
	p.wait.Store(int64(max(wait, wanted)))
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

// slips tells whether a picture may be shown later than it is due.
func (p *playout) slips(f *yuv.Frame, now time.Time) bool {
	due, waits := p.due(f)
	return waits && now.Sub(due) < slip
}
