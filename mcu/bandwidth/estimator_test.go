package bandwidth_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/mcu/bandwidth"
)

func steady(rate int) func(time.Duration) int { return func(time.Duration) int { return rate } }

func TestWideLineShowsNoLimit(t *testing.T) {
	l := line{rate: steady(0), queue: time.Second, delay: 30 * time.Millisecond, rung: 2}
	l.run(0, time.Minute, nil)
	if got := l.e.Rate(); got != 0 {
		t.Errorf("%d bits/s of a line without a limit", got)
	}
	l = line{rate: steady(50_000_000), queue: time.Second, delay: 30 * time.Millisecond, rung: 2, still: true}
	l.run(0, time.Minute, nil)
	if got := l.e.Rate(); got != 0 {
		t.Errorf("%d bits/s of a line that little was sent over", got)
	}
}

// TestBottleneck begins with 1.5 Mbit/s on lines that bear less: a rung that fits
// is found in five seconds and held, and when the line has recovered so has the
// rung.
func TestBottleneck(t *testing.T) {
	const recovers = 40 * time.Second
	for _, c := range []struct {
		name  string
		rate  int
		queue time.Duration
		delay time.Duration
		loss  float64
		rung  int
	}{
		{"300 kbit/s", 300_000, 300 * time.Millisecond, 30 * time.Millisecond, 0, 0},
		{"300 kbit/s, short queue", 300_000, 50 * time.Millisecond, 30 * time.Millisecond, 0, 0},
		{"300 kbit/s, next to no queue", 300_000, 20 * time.Millisecond, 30 * time.Millisecond, 0, 0},
		{"1 Mbit/s", 1_000_000, 300 * time.Millisecond, 30 * time.Millisecond, 0, 1},
		{"1 Mbit/s, far away", 1_000_000, 300 * time.Millisecond, 150 * time.Millisecond, 0, 1},
		{"1 Mbit/s, 2 % loss", 1_000_000, 300 * time.Millisecond, 30 * time.Millisecond, 0.02, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := line{queue: c.queue, delay: c.delay, loss: c.loss, rung: 2, rate: func(at time.Duration) int {
				if at < recovers {
					return c.rate
				}
				return 5_000_000
			}}
			l.run(0, 5*time.Second, nil)
			if l.rung != c.rung || l.e.Rate() > c.rate*13/10 {
				t.Errorf("after 5 s rung %d, %d bits/s", l.rung, l.e.Rate())
			}
			right, all, most := 0, 0, 0
			bad := l.bad
			l.run(5*time.Second, recovers, func(time.Duration) {
				all++
				if l.rung == c.rung {
					right++
				}
				most = max(most, l.e.Rate())
			})
			t.Logf("on its rung %d of %d, at most %d bits/s, %d lost in the queue, %d probes", right, all, most, l.bad-bad, l.probes)
			if right < all*95/100 {
				t.Errorf("only %d of %d on rung %d", right, all, c.rung)
			}
			top := time.Duration(0)
			l.run(recovers, recovers+20*time.Second, func(at time.Duration) {
				if l.rung == 2 && top == 0 {
					top = at - recovers
				}
			})
			t.Logf("back after %v", top)
			if top == 0 || top > 10*time.Second || l.rung != 2 {
				t.Errorf("back after %v, then rung %d at %d bits/s", top, l.rung, l.e.Rate())
			}
		})
	}
}

func TestRandomLossAlone(t *testing.T) {
	for _, c := range []struct {
		loss  float64
		least int
	}{{0.05, 2}, {0.2, 2}} {
		l := line{rate: steady(20_000_000), queue: 300 * time.Millisecond, delay: 30 * time.Millisecond, rung: 2, loss: c.loss}
		low, below, overflow := 2, 0, 0.0
		l.run(0, time.Minute, func(at time.Duration) {
			low, overflow = min(low, l.rung), max(overflow, l.e.Overflow())
			if l.rung < 2 && at > 20*time.Second {
				below++
			}
		})
		t.Logf("%.0f %% loss: lowest rung %d, in the end %d, below for %d ticks, %d bits/s, %.2f lost",
			100*c.loss, low, l.rung, below, l.e.Rate(), l.e.Lost())
		if low < c.least || l.rung < 2 {
			t.Errorf("%.0f %% loss: lowest rung %d, in the end %d", 100*c.loss, low, l.rung)
		}
		if got := l.e.Lost(); got < c.loss*0.6 || got > c.loss*1.5 {
			t.Errorf("%v lost, not %v", got, c.loss)
		}
		if overflow > 0.02 {
			t.Errorf("%.2f of it is said to overflow a queue that is empty", overflow)
		}
	}
}

// TestOverflow sends pictures of 24 kB each second over a queue that holds half of one.
func TestOverflow(t *testing.T) {
	l := line{rate: steady(300_000), queue: 300 * time.Millisecond, delay: 30 * time.Millisecond, still: true}
	overflow := 0.0
	l.run(0, 20*time.Second, func(at time.Duration) {
		if at%time.Second == 0 {
			for range 24 {
				l.send(at, 1000, false)
			}
		}
		overflow = max(overflow, l.e.Overflow())
	})
	if overflow < 0.05 {
		t.Errorf("%d packets fell out of the queue, and %.3f were said to", l.bad, overflow)
	}
}

// TestStalls has a machine or a radio hold up what is on its way from time to time.
// That is no limit, however little is sent.
func TestStalls(t *testing.T) {
	for _, still := range []bool{false, true} {
		for _, stall := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond} {
			l := line{rate: steady(0), queue: time.Second, delay: 30 * time.Millisecond, rung: 2, still: still, stall: stall}
			low := l.rung
			l.run(0, time.Minute, func(time.Duration) { low = min(low, l.rung) })
			t.Logf("%v, still %v: %d bits/s, lowest rung %d", stall, still, l.e.Rate(), low)
			if low < 2 || still && l.e.Rate() != 0 {
				t.Errorf("%v, still %v: %d bits/s, lowest rung %d", stall, still, l.e.Rate(), low)
			}
		}
	}
}

// TestRateGrowsOnlyByWhatIsSent: a line that was narrow once is not trusted
// because little is sent over it.
func TestRateGrowsOnlyByWhatIsSent(t *testing.T) {
	var e bandwidth.Estimator
	e.Loss(time.Second, 0.5, 400_000)
	first := e.Rate()
	if first == 0 || first >= 400_000 {
		t.Fatalf("half lost of 400 kbit/s: %d", first)
	}
	now := time.Second
	for range 600 {
		now += time.Second
		e.Loss(now, 0, 100_000)
	}
	if got := e.Rate(); got != first {
		t.Errorf("100 kbit/s for ten minutes made %d of %d", got, first)
	}
	for range 600 {
		now += time.Second
		e.Loss(now, 0, 1_000_000)
	}
	if got := e.Rate(); got != 1_500_000 {
		t.Errorf("1 Mbit/s for ten minutes made %d", got)
	}
	for range 100 { // takes it below pion's 100 kbit/s
		now += time.Second
		e.Loss(now, 1, 50_000)
	}
	if got := e.Rate(); got > 50_000 || got <= 0 {
		t.Errorf("everything lost: %d", got)
	}
}

// TestAbsurdReports must do no harm but to their own estimate.
func TestAbsurdReports(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var e bandwidth.Estimator
	packets := make([]bandwidth.Outcome, 50)
	for range 20_000 {
		for i := range packets {
			packets[i] = bandwidth.Outcome{
				Sent: time.Duration(r.Int64N(1 << 45)), Arrived: time.Duration(r.Int64N(1<<60) - 1<<59),
				Size: r.IntN(65536), Lost: r.IntN(3) == 0, Probe: r.IntN(2) == 0,
			}
		}
		e.Report(time.Duration(r.Int64N(1<<45)), packets[:r.IntN(50)])
		if e.Rate() < 0 || e.Lost() < 0 || e.Lost() > 1 {
			t.Fatalf("%d bits/s, %v lost", e.Rate(), e.Lost())
		}
	}
}

// TestClocksOfAnyOrigin has receivers whose clocks begin before zero, and one whose
// clock is set back: what arrives is measured all the same.
func TestClocksOfAnyOrigin(t *testing.T) {
	for _, c := range []struct{ origin, leap time.Duration }{
		{origin: 0},
		{origin: -time.Second},
		{origin: -6 * 24 * time.Hour},
		{origin: 6 * 24 * time.Hour},
		{origin: time.Hour, leap: -time.Hour},
		{origin: time.Hour, leap: -20 * time.Second},
		{origin: -time.Hour, leap: 24 * time.Hour},
	} {
		var e bandwidth.Estimator
		e.Loss(0, 0.5, 200_000)
		arrived, now := c.origin, time.Duration(0)
		for i := range 1000 { // of 10 ms
			now += 10 * time.Millisecond
			arrived += 10 * time.Millisecond
			if i == 500 {
				arrived += c.leap
			}
			e.Report(now, []bandwidth.Outcome{{Sent: now, Arrived: arrived, Size: 1250}})
			if i == 500 { // what was is not to tell
				e.Loss(now, 0.9, 20_000)
			}
		}
		if got := e.Rate(); got < 900_000 || got > 1_600_000 {
			t.Errorf("from %v, leaping %v: 1 Mbit/s that arrives is estimated as %d", c.origin, c.leap, got)
		}
	}
}

func TestAllocates(t *testing.T) {
	var e bandwidth.Estimator
	packets := make([]bandwidth.Outcome, 30)
	now := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		for i := range packets {
			now += 5 * time.Millisecond
			packets[i] = bandwidth.Outcome{Sent: now, Arrived: now, Size: 1000, Probe: true}
		}
		e.Report(now, packets)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReport(b *testing.B) {
	var e bandwidth.Estimator
	packets := make([]bandwidth.Outcome, 20)
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		for i := range packets {
			now += 5 * time.Millisecond
			packets[i] = bandwidth.Outcome{Sent: now, Arrived: now, Size: 1000}
		}
		e.Report(now, packets)
	}
}
