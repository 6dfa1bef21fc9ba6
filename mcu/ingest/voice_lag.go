package ingest

import (
	"math"
	"sync/atomic"
	"time"

	"tilemix/codec/pcm"
)

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
	want := min(max(late-lipsKept, 0), maxRaise)
	if before == 0 && late < lipsLate {
		want = 0
	}
	g.wanted.Store(int64(want))
}

// publishLag says how late the block is that Pull returns.
func (v *Voice) publishLag(heard bool, now time.Time) {
	v.lag.live.Store(heard)
	timestamp, delay, ok := v.buf.Playing(v.carry.n, now)
	if !heard || !ok {
		return
	}
	// That is the block after this one.
	timestamp, delay = timestamp-pcm.Samples, delay+pcm.Duration
	v.lag.arrival.store(delay)
	if at := v.sender.captured(timestamp); at.IsZero() {
		v.lag.sender.forget()
	} else {
		v.lag.sender.store(now.Sub(at))
	}
	raised := time.Duration(v.lag.wanted.Load())
	needed := v.buf.Target() - raised
	v.lag.over.Store(int64(min(raised, max(delay-needed, 0))))
}
