package mcu

import (
	"testing"

	"tilemix/mcu/ladder"
)

// TestStrain misses ticks: estimates are excused while many are, and only those that
// may be the machine's.
func TestStrain(t *testing.T) {
	full := ladder.Rung{Bitrate: 1_500_000}
	var s strain
	for range 300 {
		s.tick(0)
	}
	if s.excuses(1_000_000, full) {
		t.Error("a machine that is not busy excuses an estimate")
	}
	for range 30 {
		s.tick(1)
	}
	if !s.excuses(1_000_000, full) || s.excuses(300_000, full) {
		t.Errorf("strain %v: 1 Mbit/s is excused: %v, 300 kbit/s: %v", s, s.excuses(1_000_000, full), s.excuses(300_000, full))
	}
	for range 90 {
		s.tick(0)
	}
	if s.excuses(1_000_000, full) {
		t.Errorf("strain %v three seconds later", s)
	}
}
