package ready_test

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/cmd/tilemix/ready"
)

// machine is a server whose parts fail as a test wants.
type machine struct {
	sockets, rooms int
	free           int64 // of 1000
	missed         float64
	disk, ffmpeg   error
	drain          error
}

func (m *machine) watch() *ready.Watch {
	return ready.New(ready.Config{
		Sockets: func() int { return m.sockets }, Rooms: func() int { return m.rooms },
		Free:   func(string) (int64, int64, error) { return m.free, 1000, m.disk },
		Missed: func() float64 { return m.missed }, FFmpeg: func() error { return m.ffmpeg },
		Drain: func() error { return m.drain },
	})
}

// TestConditions: each part that fails is named, and no other.
func TestConditions(t *testing.T) {
	for _, test := range []struct {
		fails string
		how   func(*machine)
	}{
		{"", func(*machine) {}},
		{"media", func(m *machine) { m.sockets = 0 }},
		{"disk", func(m *machine) { m.free = 49 }},
		{"disk", func(m *machine) { m.disk = errors.New("input/output error") }},
		{"clocks", func(m *machine) { m.missed = 121 }},
		{"", func(m *machine) { m.missed, m.rooms = 121, 3 }},
		{"ffmpeg", func(m *machine) { m.ffmpeg = errors.New("FFmpeg is not installed") }},
		{"drain", func(m *machine) { m.drain = errors.New("the server drains") }},
	} {
		m := &machine{sockets: 2, rooms: 1, free: 50}
		w, now := m.watch(), time.Unix(100, 0)
		w.Conditions(now)
		test.how(m)
		for _, c := range w.Conditions(now.Add(2 * time.Second)) {
			if bad := c.Name == test.fails; bad != (c.Err != nil) || !c.Needed {
				t.Errorf("with %q wrong, %s is %v", test.fails, c.Name, c.Err)
			}
		}
	}
}

// TestFresh: the disk is looked at once a second at most, and a drain is told at once.
func TestFresh(t *testing.T) {
	m := &machine{sockets: 1, rooms: 1, free: 500}
	w, now := m.watch(), time.Unix(100, 0)
	w.Conditions(now)
	m.free, m.drain = 0, errors.New("the server drains")
	for _, c := range w.Conditions(now.Add(time.Second / 2)) {
		if (c.Err != nil) != (c.Name == "drain") {
			t.Errorf("%s is %v", c.Name, c.Err)
		}
	}
}

// TestSum adds the values of all labels, and of nothing else.
func TestSum(t *testing.T) {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "missed_total", Help: "x"}, []string{"clock"})
	v.WithLabelValues("sound").Add(3)
	v.WithLabelValues("picture").Add(4)
	other := prometheus.NewCounter(prometheus.CounterOpts{Name: "other_total", Help: "x"})
	other.Add(9)
	if got := ready.Sum("missed_total", []prometheus.Collector{v, other}); got != 7 {
		t.Errorf("the sum is %v", got)
	}
}
