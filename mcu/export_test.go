package mcu

import (
	"sync/atomic"
	"time"
)

// Line is a way to a viewer whose estimate a test sets. It is safe for concurrent
// use.
type Line struct {
	Bits   atomic.Int64 // a second; 0: unknown
	Probed atomic.Int64 // the rate of the last probe
}

// Estimate is line's.
func (l *Line) Estimate() int { return int(l.Bits.Load()) }

// Probe is line's.
func (l *Line) Probe(bps int, _ time.Time) { l.Probed.Store(int64(bps)) }

// Over puts l in the place of what is known of the path to a participant that joins.
func (o JoinOptions) Over(l *Line) JoinOptions {
	o.path = l
	return o
}
