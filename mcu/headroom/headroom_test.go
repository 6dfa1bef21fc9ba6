package headroom

import (
	"testing"
	"time"

	"tilemix/mcu/mcutest/clocks"
)

const period = time.Second / 30

// machine has a clock tick on a machine that cameras decode on.
type machine struct {
	*Headroom
	now   time.Time
	costs []time.Duration // of each camera, a second
}

func newMachine(cores int, costs ...time.Duration) *machine {
	return &machine{Headroom: New(cores), now: time.Unix(1_800_000_000, 0), costs: costs}
}

// decoded is how long all cameras are decoded in a second: each for no longer than its share.
func (m *machine) decoded() (sum time.Duration) {
	for _, c := range m.costs {
		sum += min(c, m.Share())
	}
	return sum
}

// run has time pass. Ticks are late while decoding leaves the clocks less than half a core.
func (m *machine) run(d time.Duration) (late int) {
	for end := m.now.Add(d); m.now.Before(end); m.now = m.now.Add(period) {
		m.Spend(m.decoded() / 30)
		by := time.Duration(0)
		if m.decoded() > time.Duration(m.cores)*time.Second-time.Second/2 {
			by = period / 2
			late++
		}
		m.Tick(by, 0, period, m.now)
	}
	return late
}

func repeat(c time.Duration, n int) (all []time.Duration) {
	for range n {
		all = append(all, c)
	}
	return all
}

// TestShare has cameras of different costs on machines: a costly one alone is decoded whole, and
// cheap ones always are.
func TestShare(t *testing.T) {
	const studio, usual, huge = 340 * time.Millisecond, 70 * time.Millisecond, 2 * time.Second
	for name, c := range map[string]struct {
		cores       int
		costs       []time.Duration
		least, most time.Duration // share after 10 s
	}{
		"one of 1080p60":             {2, repeat(studio, 1), studio, 500 * time.Millisecond},
		"1080p60 among nine":         {2, append(repeat(usual, 9), studio), studio, 500 * time.Millisecond},
		"one that takes all":         {2, repeat(huge, 1), 500 * time.Millisecond, 500 * time.Millisecond},
		"on a large machine":         {16, repeat(huge, 1), most, most},
		"on one core":                {1, repeat(studio, 1), Least, 250 * time.Millisecond},
		"twenty of 1080p60":          {2, repeat(studio, 20), Least, Least},
		"twenty, on a large machine": {16, repeat(studio, 20), studio, most},
	} {
		m := newMachine(c.cores, c.costs...)
		m.run(10 * time.Second)
		if s := m.Share(); s < c.least || s > c.most {
			t.Errorf("%s: the share is %v, not %v to %v", name, s, c.least, c.most)
		}
		for _, cost := range c.costs {
			if cost == usual && m.Share() < usual {
				t.Errorf("%s: a usual camera is cut", name)
			}
		}
	}
}

// TestFall has a crowd join: the share is at its least within two seconds, tries to grow seldom,
// and grows again once the crowd has left.
func TestFall(t *testing.T) {
	m := newMachine(4, 700*time.Millisecond)
	m.run(20 * time.Second)
	if m.Share() != most {
		t.Fatalf("alone it has %v", m.Share())
	}
	m.costs = repeat(700*time.Millisecond, 6)
	m.run(2 * time.Second)
	if most := 600 * time.Millisecond; m.Share() > most {
		t.Errorf("two seconds after a crowd came a camera has %v", m.Share())
	}
	m.run(10 * time.Second)
	if late := m.run(2 * time.Minute); late > 2*60*30/20 {
		t.Errorf("%d of 3600 ticks are late", late)
	}
	m.costs = m.costs[:1]
	m.run(2 * time.Minute)
	if m.Share() != most {
		t.Errorf("two minutes after the crowd left it has %v", m.Share())
	}
}

// TestOthersWork has another program take the machine: clocks are late, although little is decoded.
func TestOthersWork(t *testing.T) {
	m := newMachine(4, 340*time.Millisecond)
	m.run(10 * time.Second)
	for range 90 {
		m.Tick(period, 1, period, m.now)
		m.now = m.now.Add(2 * period)
	}
	if m.Share() != Least {
		t.Errorf("while clocks are late a camera has %v", m.Share())
	}
	for range 200 { // one late tick in ten is no trouble
		m.Tick(period, 0, period, m.now)
		m.now = m.now.Add(period)
		m.run(9 * period)
	}
	if m.Share() <= Least {
		t.Errorf("with a tick late now and then it has %v", m.Share())
	}
}

// TestNothing has no headroom at all, and one that nobody tells anything.
func TestNothing(t *testing.T) {
	var none *Headroom
	none.Tick(0, 0, period, time.Now())
	none.Spend(time.Second)
	if none.Share() != Least || New(8).Share() != Least {
		t.Error("without anything known a camera has another share than the least")
	}
	m := newMachine(4)
	if n := testing.AllocsPerRun(100, func() { m.run(period) }); n > 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// TestClockSet has the machine's clock set back by an hour: the share goes on to grow.
func TestClockSet(t *testing.T) {
	m := newMachine(4, 300*time.Millisecond)
	m.now = time.Now()
	m.run(time.Second)
	before := m.Share()
	m.now = clocks.Set(m.now, -time.Hour)
	if m.run(2 * time.Second); m.Share() <= before {
		t.Errorf("the share was %v and is %v", before, m.Share())
	}
}
