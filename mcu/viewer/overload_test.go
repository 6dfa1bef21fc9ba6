package viewer

import (
	"testing"

	"tilemix/mcu/ladder"
)

// TestOverload misses ticks: estimates are excused while many are, and only those that
// may be the machine's.
func TestOverload(t *testing.T) {
	full := ladder.Rung{Bitrate: 1_500_000}
	var s Overload
	for range 300 {
		s.Tick(0)
	}
	if s.Limits(1_000_000, full) {
		t.Error("a machine that is not busy excuses an estimate")
	}
	for range 30 {
		s.Tick(1)
	}
	if !s.Limits(1_000_000, full) || s.Limits(300_000, full) {
		t.Errorf("overload %v: 1 Mbit/s is excused: %v, 300 kbit/s: %v", s, s.Limits(1_000_000, full), s.Limits(300_000, full))
	}
	for range 90 {
		s.Tick(0)
	}
	if s.Limits(1_000_000, full) {
		t.Errorf("overload %v three seconds later", s)
	}
}
