package relay

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tilemix/codec"
	"tilemix/codec/ticks"
	"tilemix/mcu/ladder"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rendition"
)

func TestMain(m *testing.M) { poll.Main(m) }

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
	l := newLine(p)
	defer p.Close()
	if at := l.instant(5, ticks.Video, epoch); !at.Equal(epoch) {
		t.Errorf("before a report a unit is of %v, and came at %v", at, epoch)
	}
	home := epoch.Add(30 * time.Second) // its clock is ahead
	l.tie.Store(&tie{1000, home})
	var last time.Time
	for i := range 3000 {
		came := epoch.Add(time.Duration(i) * time.Second / 30).Add(time.Duration(i%7) * time.Millisecond)
		drift := uint32(i / 10) // the home's clock is slower by 37 ppm
		at := l.instant(1000+uint32(i)*3000-drift, ticks.Video, came)
		if i > 0 && (at.Sub(last)-time.Second/30).Abs() > 2*slew {
			t.Fatalf("picture %d comes %v after the one before", i, at.Sub(last))
		}
		if off := at.Sub(came); off.Abs() > 12*time.Millisecond {
			t.Fatalf("picture %d is %v off", i, off)
		}
		last = at
	}
	l.tie.Store(&tie{70_000, epoch.Add(-time.Hour)}) // another home
	came := last.Add(time.Second)
	if at := l.instant(70_000, ticks.Video, came); !at.Equal(came) {
		t.Errorf("the first picture of another home is of %v, and came at %v", at, came)
	}
	if at := l.instant(73_000, ticks.Video, came.Add(time.Second/30)); at.Sub(came) > 34*time.Millisecond || at.Sub(came) < 33*time.Millisecond {
		t.Errorf("the next is %v later", at.Sub(came))
	}
}

// TestInstantsWrap counts on for a day from one report.
func TestInstantsWrap(t *testing.T) {
	r, _ := lonely()
	p := newPull(r, Part{Codec: codec.H264})
	l := newLine(p)
	defer p.Close()
	l.tie.Store(&tie{0, epoch})
	r.distance.Store(1)
	for m := range 24 * 60 {
		came := epoch.Add(time.Duration(m) * time.Minute)
		if at := l.instant(uint32(m)*60*ticks.Video, ticks.Video, came); at.Sub(came).Abs() > time.Microsecond {
			t.Fatalf("after %d minutes it is %v off", m, at.Sub(came))
		}
	}
}

// TestSoundGoesOn has another home follow. Timestamps of sound rise by blocks under each home, and over both.
func TestSoundGoesOn(t *testing.T) {
	r, _ := lonely()
	s := r.Sound(false, epoch)
	l := newLine(s.pull)
	defer s.Close()
	var last uint32
	take := func(timestamp uint32, came time.Time) uint32 {
		l.take(unit{payloads: [][]byte{{1}}, timestamp: timestamp, key: true}, came)
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
	l = newLine(s.pull)
	if step := take(5_000_000, epoch.Add(time.Second)); step != 960 {
		t.Errorf("the first block of another home is %d later", step)
	}
	l = newLine(s.pull)
	take(9, epoch.Add(3*time.Second))
	if last != 3*48_000 {
		t.Errorf("two seconds later the timestamp is %d", last)
	}
}

// TestSoundOverruns: blocks that nobody takes are dropped and counted, and what takes them never waits.
func TestSoundOverruns(t *testing.T) {
	r, _ := lonely()
	s := r.Sound(false, epoch)
	l := newLine(s.pull)
	defer s.Close()
	for i := range uint32(blocks + 5) {
		l.take(unit{payloads: [][]byte{{1}}, timestamp: i * 960, key: true}, epoch)
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
	l := newLine(p)
	defer of.Close()
	give := func(key bool) { l.take(unit{payloads: [][]byte{{0x41, 1}}, key: key}, epoch) }
	give(true)
	give(false)
	give(false) // no room
	if len(l.ask) != 1 {
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

// TestTurns has the room go on at another home, whose first key unit ends the connection to the one before. What
// comes by that one afterwards is dropped, also a key unit. Requests for a key frame go to both until then.
func TestTurns(t *testing.T) {
	r, _ := lonely()
	p := newPull(r, Part{Codec: codec.H264})
	defer p.Close()
	old, next := newLine(p), newLine(p)
	var took []*line
	p.take = func(l *line, _ unit, _ time.Time) { took = append(took, l) }
	old.take(unit{key: true}, epoch)
	p.newest.Store(next)
	p.request()
	if len(old.ask) != 1 || len(next.ask) != 1 {
		t.Errorf("%d and %d requests", len(old.ask), len(next.ask))
	}
	next.take(unit{}, epoch)
	old.take(unit{}, epoch)
	if old.ctx.Err() != nil {
		t.Error("the connection ends before another has a key unit")
	}
	next.take(unit{key: true}, epoch)
	if old.ctx.Err() == nil {
		t.Error("the connection to the home before goes on")
	}
	old.take(unit{key: true}, epoch)
	next.take(unit{}, epoch)
	if !slices.Equal(took, []*line{old, old, next, next}) {
		t.Errorf("%d units were taken", len(took))
	}
	if n := value(t, r.cfg.Metrics.units); n != 4 {
		t.Errorf("%v units count", n)
	}
}

// TestTurnsAtOnce has units of two homes come at the same time. One is taken after the other.
func TestTurnsAtOnce(t *testing.T) {
	r, _ := lonely()
	for range 200 {
		p := newPull(r, Part{})
		var busy atomic.Int32
		var last *line
		p.take = func(l *line, _ unit, _ time.Time) {
			if busy.Add(1) != 1 {
				t.Error("two units are taken at a time")
			}
			last = l
			busy.Add(-1)
		}
		old, next := newLine(p), newLine(p)
		old.take(unit{key: true}, epoch)
		var both sync.WaitGroup
		for _, l := range []*line{old, next} {
			both.Go(func() {
				for range 50 {
					l.take(unit{key: true}, epoch)
				}
			})
		}
		both.Wait()
		if last != next {
			t.Fatal("the home before has the last unit")
		}
		p.Close()
	}
}
