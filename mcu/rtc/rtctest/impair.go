package rtctest

import (
	"math/rand/v2"
	"time"
)

// Line is what lies between a client and the server. The zero value is the
// machine's own loopback. It is no more than a description: Options.Line says what
// a client starts with, and Client.Impair changes it while it runs.
type Line struct {
	Up, Down Impairment // from the client, to the client
	// Seed begins the random numbers of both ways. The same packets meet the same
	// fate, as long as they come in the same order and nobody calls Impair.
	Seed uint64
}

// Both returns a line that is as bad one way as the other.
func Both(i Impairment) Line { return Line{Up: i, Down: i} }

// Impairment is what becomes of packets that go one way. They come to a bottleneck
// first and are lost, delayed and doubled behind it. The zero value leaves them as
// they are.
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

// lane is one way of a line. It is owned by one goroutine.
type lane struct {
	Impairment
	Traffic
	random *rand.Rand
	free   time.Time // when the bottleneck has sent all it has
	last   time.Time // when the last packet comes out
	burst  int       // packets that are still to be lost
}

func newLane(i Impairment, seed, way uint64) lane {
	return lane{Impairment: i, random: rand.New(rand.NewPCG(seed, way))}
}

// pass returns when a packet of a size comes out, and how often: not at all, once
// or twice. It draws the same number of random numbers for each.
func (l *lane) pass(now time.Time, size int) (due time.Time, times int) {
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
func (l *lane) loses(chance float64) bool {
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
