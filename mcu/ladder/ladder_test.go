package ladder_test

import (
	"image"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/ladder"
)

var (
	epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	hd    = ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
)

func TestOf(t *testing.T) {
	for _, c := range []struct{ full, half, quarter ladder.Rung }{
		{
			ladder.Rung{image.Pt(1280, 720), 30, 1_500_000, 1},
			ladder.Rung{image.Pt(640, 360), 30, 500_000, 1},
			ladder.Rung{image.Pt(320, 180), 15, 150_000, 2},
		}, {
			ladder.Rung{image.Pt(1920, 1080), 60, 4_500_000, 1},
			ladder.Rung{image.Pt(960, 540), 60, 1_500_000, 1},
			ladder.Rung{image.Pt(480, 270), 15, 450_000, 4},
		}, {
			ladder.Rung{image.Pt(854, 480), 25, 900_000, 1},
			ladder.Rung{image.Pt(426, 240), 25, 300_000, 1},
			ladder.Rung{image.Pt(212, 120), 12, 90_000, 2},
		}, {
			ladder.Rung{image.Pt(640, 360), 15, 800_000, 1},
			ladder.Rung{image.Pt(320, 180), 15, 266_666, 1},
			ladder.Rung{image.Pt(160, 90), 15, 80_000, 1},
		},
	} {
		if got := ladder.Of(c.full); !slices.Equal(got, []ladder.Rung{c.full, c.half, c.quarter, {}}) {
			t.Errorf("the ladder is %+v", got)
		}
	}
	if got := ladder.Of(ladder.Rung{Size: image.Pt(160, 90), FrameRate: 10, Bitrate: 1}); len(got) != 2 {
		t.Errorf("a small picture's ladder is %+v", got)
	}
}

// viewer is a line and the viewer at its end, who is sent as much as their rung has.
// The estimate is at most half more than that, or than what was probed.
type viewer struct {
	ladder.Choice
	now    time.Time
	sent   float64
	probe  int
	recent float64 // what is sent, bits a second
	busy   float64 // how much of a rung's bitrate is used
	excuse bool
}

func newViewer() *viewer {
	return &viewer{Choice: ladder.NewChoice(hd), now: epoch, busy: 1}
}

const sound = 40_000

// run runs a line of a capacity in bits a second for a time and returns the rungs that
// were had one after the other.
func (v *viewer) run(capacity int, d time.Duration) (rungs []int) {
	const tick = time.Second / 30
	for end := v.now.Add(d); v.now.Before(end); v.now = v.now.Add(tick) {
		rate := float64(hd[v.Rung()].Bitrate) * v.busy
		v.sent += rate * tick.Seconds() / 8
		v.recent += (rate + sound - v.recent) / 10
		estimate := min(capacity, max(int(v.recent*1.5), v.probe))
		if rate+sound > float64(capacity) {
			estimate = capacity * 85 / 100
		}
		rung, p := v.Decide(ladder.PathState{Estimate: estimate, Sound: sound, Sent: uint64(v.sent), ServerLimited: v.excuse}, v.now)
		if p > 0 {
			v.probe = p
		}
		if len(rungs) == 0 || rungs[len(rungs)-1] != rung {
			rungs = append(rungs, rung)
		}
	}
	return rungs
}

// TestNarrowLine narrows a line and widens it again.
func TestNarrowLine(t *testing.T) {
	for _, c := range []struct {
		capacity int
		rung     int
	}{{1_300_000, 1}, {700_000, 1}, {500_000, 2}, {300_000, 2}, {100_000, 3}, {30_000, 3}} {
		v := newViewer()
		if got := v.run(5_000_000, 10*time.Second); !slices.Equal(got, []int{0}) {
			t.Errorf("a good line had rungs %v", got)
		}
		v.run(c.capacity, 7*time.Second)
		if v.Rung() != c.rung {
			t.Errorf("%d bits a second: rung %d after 7 s", c.capacity, v.Rung())
		}
		if got := v.run(c.capacity, 60*time.Second); !slices.Equal(got, []int{c.rung}) {
			t.Errorf("%d bits a second: rungs %v in a minute", c.capacity, got)
		}
		start := v.now
		for v.Rung() > 0 && v.now.Sub(start) < time.Minute {
			v.run(5_000_000, time.Second)
		}
		if took := v.now.Sub(start); took > time.Duration(c.rung)*5*time.Second {
			t.Errorf("%d bits a second: %v until full again", c.capacity, took)
		}
	}
}

// TestStillPicture needs little, so its estimate is low: that is no bad line.
func TestStillPicture(t *testing.T) {
	v := newViewer()
	for range 10 {
		v.busy = 0.05
		still := v.run(5_000_000, 3*time.Second)
		v.busy = 1
		lively := v.run(5_000_000, 3*time.Second)
		if !slices.Equal(still, []int{0}) || !slices.Equal(lively, []int{0}) {
			t.Fatalf("rungs %v and %v", still, lively)
		}
	}
}

// TestDisappointment has a line that looks good and is not.
func TestDisappointment(t *testing.T) {
	v := newViewer()
	v.run(300_000, 3*time.Second)
	up := 0
	for start := v.now; v.now.Sub(start) < 2*time.Minute; {
		// Good for as long as less than half size is sent.
		was := v.Rung()
		if v.Rung() < 2 {
			v.run(300_000, 100*time.Millisecond)
		} else {
			v.run(5_000_000, 100*time.Millisecond)
		}
		if v.Rung() < was {
			up++
		}
	}
	if up < 5 || up > 20 {
		t.Errorf("it was tried %d times in two minutes", up)
	}
}

// TestDecide holds any estimates to the rules.
func TestDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := ladder.NewChoice(hd)
		now, sent, moved := epoch, uint64(0), epoch
		for range rapid.IntRange(1, 200).Draw(t, "decisions") {
			was := c.Rung()
			step := time.Duration(rapid.IntRange(1, 700).Draw(t, "ms")) * time.Millisecond
			now = now.Add(step)
			sent += uint64(rapid.IntRange(0, 300_000).Draw(t, "bytes"))
			estimate := rapid.SampledFrom([]int{0, 1, 100_000, 250_000, 600_000, 3_000_000}).Draw(t, "estimate")
			rung, probe := c.Decide(ladder.PathState{Estimate: estimate, Sound: sound, Sent: sent}, now)
			switch {
			case rung < 0 || rung >= len(hd) || rung != c.Rung():
				t.Fatalf("rung %d", rung)
			case rung < was-1:
				t.Fatalf("from rung %d up to %d", was, rung)
			case rung < was && now.Sub(moved) < 2*time.Second:
				t.Fatalf("up %v after the last move", now.Sub(moved))
			case rung > was && (estimate == 0 || estimate > 1_700_000):
				t.Fatalf("down with an estimate of %d", estimate)
			case probe > 0 && (rung == 0 || probe < hd[rung-1].Bitrate):
				t.Fatalf("probe with %d on rung %d", probe, rung)
			}
			if rung != was {
				moved = now
			}
		}
	})
}

func TestDecideAllocates(t *testing.T) {
	c := ladder.NewChoice(hd)
	now, sent := epoch, uint64(0)
	decide := func() {
		now, sent = now.Add(time.Second/30), sent+20_000
		c.Decide(ladder.PathState{Estimate: 300_000, Sound: sound, Sent: sent}, now)
	}
	if n := testing.AllocsPerRun(300, decide); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestExcuse has a line that is excused: nobody goes down for it, but up.
func TestExcuse(t *testing.T) {
	v := newViewer()
	v.excuse = true
	if got := v.run(300_000, 20*time.Second); !slices.Equal(got, []int{0}) {
		t.Errorf("with an excuse down to %v", got)
	}
	v.excuse = false
	v.run(30_000, 10*time.Second)
	v.excuse = true
	if got := v.run(5_000_000, 20*time.Second); !slices.Equal(got, []int{3, 2, 1, 0}) {
		t.Errorf("with an excuse up by %v", got)
	}
}

// TestAgain comes back over another line.
func TestAgain(t *testing.T) {
	for capacity, want := range map[int][]int{5_000_000: {0}, 700_000: {1}, 300_000: {2}, 30_000: {2, 3}} {
		v := newViewer()
		v.run(capacity, 10*time.Second)
		again := newViewer()
		again.Choice = v.Again()
		if got := again.run(capacity, 10*time.Second); !slices.Equal(got, want) {
			t.Errorf("%d bits a second: rungs %v, not %v", capacity, got, want)
		}
	}
}

// TestSpare has pictures break that others would have to pay for, on a line that is
// wide: each time there is a rung less, but always a picture, and more only after they
// have been whole for some time.
func TestSpare(t *testing.T) {
	const wide = 20_000_000
	v := newViewer()
	v.run(wide, 5*time.Second)
	v.Spare(v.now)
	if v.Spare(v.now); v.Rung() != 1 {
		t.Errorf("two pictures that break at once lead to rung %d", v.Rung())
	}
	for range 3 {
		v.run(wide, 5*time.Second)
		v.Spare(v.now)
	}
	if v.Rung() != 2 {
		t.Errorf("pictures that break again and again lead to rung %d", v.Rung())
	}
	if rungs := v.run(wide, 5*time.Second); len(rungs) != 1 {
		t.Errorf("5 s after the last that broke: rungs %v", rungs)
	}
	if v.run(wide, 6*time.Second); v.Rung() != 0 {
		t.Errorf("11 s after the last that broke: rung %d", v.Rung())
	}
	falls := 0
	for end := v.now.Add(5 * time.Minute); v.now.Before(end); {
		if v.run(wide, 2*time.Second); v.Rung() == 0 {
			v.Spare(v.now)
			falls++
		}
	}
	if falls > 10 {
		t.Errorf("pictures that break at each rise: the viewer rose %d times in five minutes", falls)
	}
}
