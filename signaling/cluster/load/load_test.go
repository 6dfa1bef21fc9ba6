package load

import (
	"math"
	"testing"
	"time"
)

// TestTake: the busier of machine and process counts.
func TestTake(t *testing.T) {
	start := time.Now()
	for _, test := range []struct {
		name      string
		used      time.Duration // in 2 s, of 2 cores
		busy, all float64
		want      float64
	}{
		{"idle", 0, 0, 400, 0},
		{"others are busy", 0, 300, 400, 0.75},
		{"the process has all that it may use", 4 * time.Second, 100, 6400, 1},
		{"no /proc", time.Second, 0, 0, 0.25},
	} {
		m := &Meter{cores: 2}
		m.take(start, time.Minute, 1000, 5000)
		if test.all == 0 {
			m.take(start.Add(2*time.Second), time.Minute+test.used, 0, 0)
		} else {
			m.take(start.Add(2*time.Second), time.Minute+test.used, 1000+test.busy, 5000+test.all)
		}
		if math.Abs(m.load-test.want) > 0.001 {
			t.Errorf("%s: %v, want %v", test.name, m.load, test.want)
		}
	}
}

// TestLook measures this process while it works.
func TestLook(t *testing.T) {
	m, start := New(), time.Now()
	if _, load := m.Look(start); load != 0 {
		t.Errorf("the first load is %v", load)
	}
	m.Look(start)
	for time.Since(start) < 50*time.Millisecond {
	}
	cores, load := m.Look(start.Add(span))
	if cores < 1 || load <= 0 || load > 1 {
		t.Errorf("%d cores are busy by %v", cores, load)
	}
}

// TestMachine: what is no status counts nothing.
func TestMachine(t *testing.T) {
	if busy, all := machine([]byte("cpu  1 2 3 40 50 6 7 8 9 10\ncpu0 1 1\n")); busy != 27 || all != 117 {
		t.Errorf("%v of %v", busy, all)
	}
	for _, bad := range []string{"", "cpu", "mem 1 2 3 4 5 6 7 8", "cpu 1 2 3 x 5 6 7 8"} {
		if busy, all := machine([]byte(bad)); busy != 0 || all != 0 {
			t.Errorf("%q: %v of %v", bad, busy, all)
		}
	}
}
