package send

import (
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/mcu/rtc/reports"
)

// TestReferenceTimes has receivers whose clocks begin anywhere tell truly of 1 Mbit/s
// that arrives: each is estimated as well as the others.
func TestReferenceTimes(t *testing.T) {
	for _, origin := range []uint32{0, 1, 0x7ffff0, 0x7fffff, 0x800000, 0x800001, 0xc00000, 0xfffff0, 0xffffff} {
		l := quietPath()
		l.estimator.Loss(0, 0.5, 200_000)
		for tick := range uint32(120) {
			reportTick(l, tick, origin+tick)
		}
		if got := l.estimate(); got < 900_000 || got > 1_600_000 || l.counters.InvalidReports.Load() != 0 {
			t.Errorf("from %#x: estimated as %d, %d absurd", origin, got, l.counters.InvalidReports.Load())
		}
	}
}

// TestClockLeaps has a receiver's clock leap either way: one report is dropped, and the
// next ones are worth as much as before.
func TestClockLeaps(t *testing.T) {
	const second = int32(time.Second / referenceTick)
	for _, leap := range []int32{-3600 * second, -8 * second, -2 * second, 8 * second, 3600 * second, 1 << 23} {
		l := quietPath()
		for tick := range uint32(100) {
			reportTick(l, tick, tick)
		}
		l.estimator.Loss(l.receiver.came+time.Second, 0.9, 20_000)
		for tick := uint32(100); tick < 220; tick++ {
			reportTick(l, tick, tick+uint32(leap))
		}
		if got := l.estimate(); got < 900_000 || got > 1_600_000 || l.counters.InvalidReports.Load() != 1 {
			t.Errorf("after %#x: estimated as %d, %d absurd", leap&0xffffff, got, l.counters.InvalidReports.Load())
		}
		if queue := time.Duration(l.queue.Load()); queue > 20*time.Millisecond {
			t.Errorf("after %#x: a queue of %v", leap&0xffffff, queue)
		}
	}
}

// TestSilence for a minute is no leap.
func TestSilence(t *testing.T) {
	l := quietPath()
	reportTick(l, 0, 5)
	reportTick(l, 1000, 1005)
	if n := l.counters.InvalidReports.Load(); n != 0 {
		t.Errorf("%d absurd reports", n)
	}
}

// TestReferencesOfAnyKind tells of what was really sent with times that cannot be.
func TestReferencesOfAnyKind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d, _ := sending(t, true)
	for i := range 3000 {
		d.Write(picture(byte(i), 3), time.Now())
		number := uint16(d.path.number.Load())
		d.HandleRTCP(transportReportOn(number-5, 6, r.Uint32()>>(8+r.IntN(24)), byte(r.Uint32())), time.Now(), func() {})
		if d.Loss() < 0 || d.Loss() > 1 || d.Estimate() < 0 {
			t.Fatalf("%v lost, %d bits/s", d.Loss(), d.Estimate())
		}
	}
	if d.path.counters.InvalidReports.Load() == 0 {
		t.Error("no report was absurd")
	}
}

// reportTick sends eight packets of 1000 bytes in a tick of 64 ms, 1 Mbit/s, and reports
// that they came, 8 ms apart.
func reportTick(l *Path, tick, reference uint32) {
	at := time.Duration(tick) * referenceTick
	var last uint16
	for i := range 8 {
		last = l.record(at+time.Duration(i)*8*time.Millisecond, 1000, false)
	}
	reports.Each(transportReportOn(last-7, 8, reference, 32), func(r reports.RTCP) {
		l.handleArrivals(r, at+100*time.Millisecond)
	})
}
