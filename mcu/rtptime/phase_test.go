package rtptime

import (
	"testing"
	"time"
)

// TestPhaseCorrection: the clock locks to a camera of about its own rate, whatever the
// phase it begins at, and is not pulled away by one of another rate.
func TestPhaseCorrection(t *testing.T) {
	const period = time.Second / 30
	for _, test := range []struct {
		name   string
		camera time.Duration // period
		locks  bool
	}{
		{"same rate", period, true},
		{"29.97", time.Second * 1001 / 30000, true},
		{"30.1", time.Second * 10 / 301, true},
		{"25", time.Second / 25, false},
		{"15", time.Second / 15, true},
	} {
		for start := time.Duration(0); start < period; start += period / 7 {
			ticks, waited := follow(test.camera, start, period)
			if rate := 600 / ticks.Seconds(); rate < 29 || rate > 31 {
				t.Errorf("%s from %v: %.2f ticks a second", test.name, start, rate)
			}
			if test.locks && (waited < readyBefore/2 || waited > 2*readyBefore) {
				t.Errorf("%s from %v: pictures wait %v", test.name, start, waited)
			}
		}
	}
}

// follow runs 600 ticks beside a camera and returns how long they took and how
// long the last picture waited.
func follow(camera, start, period time.Duration) (ticks, waited time.Duration) {
	now, next := time.Duration(0), start
	for range 600 {
		now += period
		fresh := false
		for ; next <= now; next += camera {
			waited, fresh = now-next, true
		}
		if fresh {
			now += PhaseCorrection(waited, period)
		}
	}
	return now, waited
}
