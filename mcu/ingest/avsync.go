package ingest

import (
	"math"
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
)

const (
	// MaxHeld is how many pictures of a camera wait for their sound at the most; maxHold
	// is how long one does.
	MaxHeld = 16
	maxHold = 400 * time.Millisecond
	// A picture may be earlier than its sound by syncFree, which is more than the jitter
	// buffer keeps sound on a good line. Where it is earlier, all are held until they are
	// earlier by syncHeld, and so on until none had to wait for syncQuiet.
	syncFree  = 40 * time.Millisecond
	syncHeld  = 25 * time.Millisecond
	syncQuiet = 2 * time.Second
	// syncTick is half a period of most clocks, which a picture waits in the mean.
	syncTick = 15 * time.Millisecond
	// Pictures that are later than their sound by syncLate, in the mean of syncPeriod,
	// have the sound held back, by maxRaise at most, until they are later by syncKept.
	syncLate   = 20 * time.Millisecond
	syncKept   = 10 * time.Millisecond
	syncPeriod = time.Second
	maxRaise   = 250 * time.Millisecond
	// maxClockSkew is how far apart a sender's reports may put sound and picture
	// that came together; beyond it they are not believed.
	maxClockSkew = time.Second
)

// avSync keeps a camera's pictures with their sound: those that are early wait. It
// belongs to the picture clock. With pictures that are not early it does nothing.
type avSync struct {
	held    [MaxHeld]*yuv.Frame
	first   int // in held
	n       int
	holding bool
	waited  time.Time // when a picture last had to

	late  time.Duration // by how much pictures were later than the sound could be, summed
	count int           // of pictures in late
	since time.Time     // the first of them
}

// hold takes a picture; nil is none.
func (l *avSync) hold(f *yuv.Frame) {
	if f != nil {
		if l.n == MaxHeld {
			l.held[l.first].Release()
			l.first = (l.first + 1) % MaxHeld
			l.n--
		}
		l.held[(l.first+l.n)%MaxHeld] = f
		l.n++
	}
}

// next returns the oldest picture if it is time to show it, and lets go of it.
func (l *avSync) next(steady *playout, sound *Voice, now time.Time) *yuv.Frame {
	if l.n == 0 {
		return nil
	}
	f := l.held[l.first]
	if due, waits := steady.due(f); waits {
		if now.Before(due) && l.n < MaxHeld {
			return nil
		}
		if due.After(f.Ready) {
			f.Ready = due // until then it is not avSync that holds it
		}
	}
	if l.n < MaxHeld && l.early(f, sound, now) {
		return nil
	}
	l.held[l.first] = nil
	l.first = (l.first + 1) % MaxHeld
	l.n--
	return f
}

// slips tells whether the oldest picture can be left to the clock's next.
func (l *avSync) slips(steady *playout, now time.Time) bool {
	return l.n > 0 && l.n < MaxHeld && steady.slips(l.held[l.first], now)
}

// early tells whether a picture is to wait.
func (l *avSync) early(f *yuv.Frame, sound *Voice, now time.Time) bool {
	skew, ok := l.skew(f, sound, now)
	if !ok || now.Sub(f.Ready) >= maxHold {
		return false
	}
	slack := syncFree
	if l.holding {
		slack = syncHeld
	}
	if skew >= -slack {
		l.holding = l.holding && now.Sub(l.waited) < syncQuiet
		return false
	}
	l.holding, l.waited = true, now
	return true
}

// skew returns how much later than its sound a picture is when it is shown at now.
// Where both streams have the sender's reports they tell; else what arrived
// together belongs together.
func (l *avSync) skew(f *yuv.Frame, sound *Voice, now time.Time) (d time.Duration, ok bool) {
	if sound == nil {
		return 0, false
	}
	arrival, ok := sound.lag.arrival.load()
	if !ok {
		return 0, false
	}
	byArrival := now.Sub(f.Due) - arrival
	if sender, ok := sound.lag.sender.load(); ok && !f.Captured.IsZero() {
		if bySender := now.Sub(f.Captured) - sender; (bySender - byArrival).Abs() < maxClockSkew {
			return bySender, true
		}
	}
	return byArrival, true
}

// shown takes note of a picture that is shown, tells how late it is, and has the sound
// wait where pictures are always late.
func (l *avSync) shown(f *yuv.Frame, sound *Voice, now time.Time, observe interface{ Observe(float64) }) {
	skew, ok := l.skew(f, sound, now)
	if !ok || !sound.lag.live.Load() {
		l.since = time.Time{}
		return
	}
	if observe != nil {
		observe.Observe(skew.Seconds())
	}
	// How late it would be had neither it nor the sound been held.
	late := skew + min(f.Ready.Sub(now)+syncTick, 0) + sound.lag.extra()
	if l.since.IsZero() {
		l.since, l.late, l.count = now, 0, 0
	}
	l.late += late
	l.count++
	if now.Sub(l.since) >= syncPeriod {
		sound.lag.raise(l.late / time.Duration(l.count))
		l.since = time.Time{}
	}
}

func (l *avSync) clear() {
	for ; l.n > 0; l.n-- {
		l.held[l.first].Release()
		l.held[l.first] = nil
		l.first = (l.first + 1) % MaxHeld
	}
}

// soundLag is how late the sound is that is being played. The play half writes it,
// the picture clock reads it and may have the sound wait.
type soundLag struct {
	arrival latency // since it would have arrived without jitter
	sender  latency // since it was taken, by the sender's clock
	live    atomic.Bool
	over    atomic.Int64 // how much later it is than the jitter buffer needs, ns
	wanted  atomic.Int64 // how long it is to wait for its pictures, ns
}

// latency is a duration that may be unknown, kept by one goroutine for another. The
// zero value is unknown.
type latency struct{ ns atomic.Int64 }

func (l *latency) store(d time.Duration) { l.ns.Store(int64(d) ^ math.MinInt64) }

func (l *latency) load() (d time.Duration, ok bool) {
	n := l.ns.Load()
	return time.Duration(n ^ math.MinInt64), n != 0
}

func (l *latency) forget() { l.ns.Store(0) }

// extra returns how much later the sound is than it need be.
func (g *soundLag) extra() time.Duration { return time.Duration(g.over.Load()) }

// raise has the sound wait for pictures that are late by this much when it does not,
// or no longer.
func (g *soundLag) raise(late time.Duration) {
	before := time.Duration(g.wanted.Load())
	want := min(max(late-syncKept, 0), maxRaise)
	if before == 0 && late < syncLate {
		want = 0
	}
	g.wanted.Store(int64(want))
}
