package relay

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"tilemix/codec"
	"tilemix/codec/ticks"
	"tilemix/mcu/ladder"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rendition"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lonely returns a relay whose homes refuse, and how often they were asked.
func lonely() (r *Remote, asked *atomic.Int32) {
	asked = &atomic.Int32{}
	return New(Config{
		Room: "demo", Metrics: NewMetrics(), Log: slog.New(slog.DiscardHandler), Gone: func() {},
		Exchange: func(context.Context, string, Part, string) (string, error) {
			asked.Add(1)
			return "", errors.New("no room")
		},
	}), asked
}

// TestInstants: instants of a home are about those of arrival by our clock, whatever the home's clock says. They
// follow the home's and not the jitter of the way, and a drift of the clocks is made up for.
func TestInstants(t *testing.T) {
	r, _ := lonely()
	p := newPull(r, Part{Codec: codec.H264})
	defer p.Close()
	if at := p.instant(5, ticks.Video, epoch); !at.Equal(epoch) {
		t.Errorf("before a report a unit is of %v, and came at %v", at, epoch)
	}
	home := epoch.Add(30 * time.Second) // its clock is ahead
	p.tie.Store(&tie{1000, home})
	var last time.Time
	for i := range 3000 {
		came := epoch.Add(time.Duration(i) * time.Second / 30).Add(time.Duration(i%7) * time.Millisecond)
		drift := uint32(i / 10) // the home's clock is slower by 37 ppm
		at := p.instant(1000+uint32(i)*3000-drift, ticks.Video, came)
		if i > 0 && (at.Sub(last)-time.Second/30).Abs() > 2*slew {
			t.Fatalf("picture %d comes %v after the one before", i, at.Sub(last))
		}
		if off := at.Sub(came); off.Abs() > 12*time.Millisecond {
			t.Fatalf("picture %d is %v off", i, off)
		}
		last = at
	}
	p.tie.Store(&tie{70_000, epoch.Add(-time.Hour)}) // another home
	came := last.Add(time.Second)
	if at := p.instant(70_000, ticks.Video, came); !at.Equal(came) {
		t.Errorf("the first picture of another home is of %v, and came at %v", at, came)
	}
	if at := p.instant(73_000, ticks.Video, came.Add(time.Second/30)); at.Sub(came) > 34*time.Millisecond || at.Sub(came) < 33*time.Millisecond {
		t.Errorf("the next is %v later", at.Sub(came))
	}
}

// TestInstantsWrap counts on for a day from one report.
func TestInstantsWrap(t *testing.T) {
	r, _ := lonely()
	p := newPull(r, Part{Codec: codec.H264})
	defer p.Close()
	p.tie.Store(&tie{0, epoch})
	r.distance.Store(1)
	for m := range 24 * 60 {
		came := epoch.Add(time.Duration(m) * time.Minute)
		if at := p.instant(uint32(m)*60*ticks.Video, ticks.Video, came); at.Sub(came).Abs() > time.Microsecond {
			t.Fatalf("after %d minutes it is %v off", m, at.Sub(came))
		}
	}
}

// TestSoundGoesOn has another home follow. Timestamps of sound rise by blocks under each home, and over both.
func TestSoundGoesOn(t *testing.T) {
	r, _ := lonely()
	s := r.Sound(false, epoch)
	defer s.Close()
	var last uint32
	take := func(timestamp uint32, came time.Time) uint32 {
		s.take(unit{payloads: [][]byte{{1}}, timestamp: timestamp, key: true}, came)
		p := <-s.Blocks()
		p.Buffer.Release()
		if last != 0 && int32(p.Timestamp-last) <= 0 {
			t.Errorf("timestamp %d follows %d", p.Timestamp, last)
		}
		step := p.Timestamp - last
		last = p.Timestamp
		return step
	}
	take(77, epoch.Add(time.Second))
	if last != 48_000 {
		t.Errorf("the first block after a second has timestamp %d", last)
	}
	for i := range uint32(10) {
		if step := take(77+960*(i+1), epoch.Add(time.Second)); step != 960 {
			t.Errorf("a step of %d", step)
		}
	}
	s.stamped = false // as a connection begins
	if step := take(5_000_000, epoch.Add(time.Second)); step != 960 {
		t.Errorf("the first block of another home is %d later", step)
	}
	s.stamped = false
	take(9, epoch.Add(3*time.Second))
	if last != 3*48_000 {
		t.Errorf("two seconds later the timestamp is %d", last)
	}
}

// TestSoundOverruns: blocks that nobody takes are dropped and counted, and what takes them never waits.
func TestSoundOverruns(t *testing.T) {
	r, _ := lonely()
	s := r.Sound(false, epoch)
	defer s.Close()
	for i := range uint32(blocks + 5) {
		s.take(unit{payloads: [][]byte{{1}}, timestamp: i * 960}, epoch)
	}
	if n := value(t, r.cfg.Metrics.dropped); n != 5 {
		t.Errorf("%v are dropped", n)
	}
}

// value reads a counter or a gauge.
func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		t.Fatal(err)
	}
	return d.GetCounter().GetValue() + d.GetGauge().GetValue()
}

// pulled is a rendition that is pulled.
var pulled = rendition.Config{Key: rendition.Key{Codec: codec.H264}, Rung: ladder.Rung{FrameRate: 30, Every: 1}, Epoch: epoch}

// TestFullClock: a clock that does not take its pictures loses all up to the next key frame, which the home is asked for.
func TestFullClock(t *testing.T) {
	r, _ := lonely()
	out := make(chan rendition.Output, 2)
	of, p := r.pictures(pulled, out)
	defer of.Close()
	give := func(key bool) { p.take(unit{payloads: [][]byte{{0x41, 1}}, key: key}, epoch) }
	give(true)
	give(false)
	give(false) // no room
	if len(p.ask) != 1 {
		t.Error("no key frame is asked for")
	}
	first, second := <-out, <-out
	if !first.AccessUnit.Key || second.AccessUnit.Key || !first.Lent || !second.At.After(first.At) {
		t.Errorf("got %+v and %+v", first, second)
	}
	give(false)
	give(true)
	third := <-out
	if !third.AccessUnit.Key || len(out) != 0 {
		t.Error("after a gap no key frame is first")
	}
	if n := value(t, r.cfg.Metrics.dropped); n != 2 {
		t.Errorf("%v are dropped", n)
	}
	for _, o := range []rendition.Output{first, second, third} {
		if o.Unit.Users() != 1 {
			t.Errorf("a unit has %d users", o.Unit.Users())
		}
	}
}

// TestHomeless asks again and again for a room that no node has, until its rendition is closed.
func TestHomeless(t *testing.T) {
	r, asked := lonely()
	out := make(chan rendition.Output, 1)
	of, run := r.Rendition(pulled, out)
	ended := make(chan struct{})
	go func() { run(); close(ended) }()
	if first := <-out; !first.Ready || first.Of != of {
		t.Errorf("the first is %+v", first)
	}
	poll.Until(t, "it has asked three times", func() bool { return asked.Load() >= 3 })
	if n := value(t, r.cfg.Metrics.live); n != 1 {
		t.Errorf("%v pulls", n)
	}
	of.Close()
	<-ended
	if n := value(t, r.cfg.Metrics.live); n != 0 {
		t.Errorf("%v pulls after the end", n)
	}
}

// TestClosedBeforeItBegan: a rendition that nobody is told of ends all the same.
func TestClosedBeforeItBegan(t *testing.T) {
	r, _ := lonely()
	of, run := r.Rendition(pulled, make(chan rendition.Output))
	of.Close()
	run()
}
