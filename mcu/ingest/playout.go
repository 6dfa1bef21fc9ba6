package ingest

import (
	"slices"
	"sync/atomic"
	"time"

	"tilemix/codec/ticks"
	"tilemix/codec/yuv"
	"tilemix/mcu/rtptime"
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
	// for each picture of the clock; jitterSlip is it while nothing is repaired.
	slip       = 80 * time.Millisecond
	jitterSlip = 16 * time.Millisecond
)

// playout takes pictures from the decoder to the clock. A packet that is repaired
// holds up the pictures behind it, which then come all at once; all but the newest
// would never be seen. So while packets are repaired pictures wait for as long as
// nearly all repairs take. On an uneven line they wait as jitterWait says. Otherwise none waits.
type playout struct {
	places [burst]atomic.Pointer[yuv.Frame]
	wait   atomic.Int64 // ns from when a picture would have come, by repairs
	uneven atomic.Int64 // and by jitter

	// The decoder's.
	jitter  jitterWait
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

// arrived takes note of a picture that came in its turn, so late.
func (p *playout) arrived(stamp uint32, late time.Duration) {
	p.uneven.Store(int64(p.jitter.observe(stamp, late)))
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
	if p.waits() > 0 {
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
	wait := p.waits()
	return f.Due.Add(wait), wait > 0
}

// waits is how long pictures wait.
func (p *playout) waits() time.Duration { return time.Duration(max(p.wait.Load(), p.uneven.Load())) }

// slips tells whether a picture may be shown later than it is due.
func (p *playout) slips(f *yuv.Frame, now time.Time) bool {
	due, waits := p.due(f)
	late := now.Sub(due)
	return waits && (late < jitterSlip || late < slip && p.wait.Load() > 0)
}

const (
	// A jitterWait goes by the last jitterPictures pictures, of which jitterShare are not later than it
	// waits for, and decides anew after every jitterEach.
	jitterPictures = 64
	jitterEach     = 4
	jitterShare    = 0.97
	// Where nearly all pictures come within jitterSteady, none waits.
	jitterSteady = 8 * time.Millisecond
	// Where they come further apart than jitterMost, or nearly all are late by more than a
	// slow camera's period, packets queue: a wait would not help.
	jitterMost = 200 * time.Millisecond
	// jitterMargin is for decoding. A wait that is too long by jitterSpare or less stays as it is.
	jitterMargin = 3 * time.Millisecond
	jitterSpare  = 6 * time.Millisecond
	// Cameras with less between pictures than jitterFast have more than most clocks show, so none
	// of theirs waits. Those with more than jitterSlow count as having that.
	jitterFast = 25 * time.Millisecond
	jitterSlow = 40 * time.Millisecond
)

// jitterWait says how long pictures wait so that they are shown one by one although they come
// unevenly. The clock shows the newest picture, so one that comes just after a tick and the next
// just before make one picture shown twice and one never. A wait of the jitter, and of a
// period of the camera at most, has each picture ready when its tick comes. The zero value is
// ready. It belongs to the decoder's goroutine.
type jitterWait struct {
	late   [jitterPictures]time.Duration
	stamps [jitterPictures]uint32
	sorted [jitterPictures]time.Duration
	n      int
	wait   time.Duration
}

// observe takes the timestamp of a picture and how late it is whole, against the fastest
// packet, and returns how long pictures are to wait.
func (j *jitterWait) observe(stamp uint32, late time.Duration) time.Duration {
	i := j.n % jitterPictures
	j.late[i], j.stamps[i] = late, stamp
	j.n++
	if j.n < jitterPictures/2 || j.n%jitterEach != 0 {
		return j.wait
	}
	switch wanted := j.wanted(); {
	case wanted == 0, wanted > j.wait:
		j.wait = wanted
	case j.wait-wanted > jitterSpare:
		j.wait -= (j.wait - wanted) / 4
	}
	return j.wait
}

// wanted returns the wait by what has been observed.
func (j *jitterWait) wanted() time.Duration {
	n := min(j.n, jitterPictures)
	first, last := j.stamps[(j.n-n)%jitterPictures], j.stamps[(j.n-1)%jitterPictures]
	period := rtptime.Since(last, first, ticks.Video) / time.Duration(n-1)
	if period < jitterFast {
		return 0
	}
	sorted := j.sorted[:copy(j.sorted[:n], j.late[:n])]
	slices.Sort(sorted)
	least, most := sorted[n/20], sorted[int(float64(n-1)*jitterShare)]
	steady := jitterSteady
	if j.wait > 0 {
		steady -= jitterMargin // so that it does not come and go
	}
	if most-least < steady || most-least > jitterMost || least > jitterSlow {
		return 0
	}
	return min(most+jitterMargin, least+min(period, jitterSlow))
}
