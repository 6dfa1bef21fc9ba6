// Package network says what becomes of packets on an impaired network path.
//
//	packet, now ──▶ Lane.Pass ──▶ when it comes out, and how often
//
// Time is an argument. The same seed gives the same packets the same fate, so a simulation
// has the same result each time.
package network

import (
	"math/rand/v2"
	"time"
)

// Impairment is what becomes of packets that go one way. They come to a bottleneck first
// and are lost, delayed and doubled behind it. The zero value leaves them as they are.
type Impairment struct {
	// Rate is what the bottleneck lets through, in bits/s with the headers of UDP
	// and IP; 0 is everything. Queue is how long packets wait for it at most:
	// those that would wait longer are lost (tail drop).
	Rate  int
	Queue time.Duration
	// Loss is the share of packets that are lost, 0 to 1, Burst how many in a row;
	// 0 is one.
	Loss  float64
	Burst int
	// Duplicate is the share of packets that come twice, the second time a
	// millisecond later.
	Duplicate float64
	// Delay is how long each packet takes, and Jitter how much longer it may,
	// evenly spread. Where Reorder is set, packets overtake each other;
	// otherwise a late one holds up those behind it.
	Delay, Jitter time.Duration
	Reorder       bool
	// Cut lines let nothing through.
	Cut bool
}

// Traffic counts what went one way over a line since its client was made.
type Traffic struct {
	Packets  int // that were put in
	Bytes    int // of all that came out, without headers of UDP and IP
	Lost     int // by Loss and Cut
	Overflow int // packets that the bottleneck's queue had no room for
}

// header is UDP's and IPv4's, in bytes.
const header = 28

// Lane is one way of a network path, in real or simulated time. It belongs to one
// goroutine.
type Lane struct {
	Impairment
	Traffic
	random *rand.Rand
	free   time.Time // when the bottleneck has sent all it has
	last   time.Time // when the last packet comes out
	burst  int       // packets that are still to be lost
}

// NewLane returns a lane whose random numbers begin with seed and way.
func NewLane(i Impairment, seed, way uint64) Lane {
	return Lane{Impairment: i, random: rand.New(rand.NewPCG(seed, way))}
}

// Pass returns when a packet of a size comes out, and how often: not at all, once
// or twice. It draws the same number of random numbers for each.
func (l *Lane) Pass(now time.Time, size int) (due time.Time, times int) {
	l.Packets++
	lossy, twice, late := l.random.Float64(), l.random.Float64(), l.random.Float64()
	if l.Rate > 0 {
		start := now
		if l.free.After(now) {
			start = l.free
		}
		if start.Sub(now) > l.Queue && !l.Cut {
			l.Overflow++
			return time.Time{}, 0
		}
		l.free = start.Add(time.Duration(size+header) * 8 * time.Second / time.Duration(l.Rate))
		now = l.free
	}
	if l.loses(lossy) || l.Cut {
		l.Lost++
		return time.Time{}, 0
	}
	due = now.Add(l.Delay + time.Duration(late*float64(l.Jitter)))
	if !l.Reorder {
		if due.Before(l.last) {
			due = l.last
		}
		l.last = due
	}
	times = 1
	if twice < l.Duplicate {
		times = 2
	}
	l.Bytes += size * times
	return due, times
}

// loses begins bursts so often that their packets are Loss of all.
func (l *Lane) loses(chance float64) bool {
	if l.burst > 0 {
		l.burst--
		return true
	}
	length := float64(max(l.Burst, 1))
	if chance >= l.Loss/(length-l.Loss*(length-1)) {
		return false
	}
	l.burst = max(l.Burst, 1) - 1
	return true
}
