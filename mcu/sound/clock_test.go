package sound

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// ear is a stream that keeps the payloads that it is sent.
type ear struct {
	got  [][]byte
	at   []uint32
	loss float64
	deaf bool // keeps nothing
}

func (e *ear) Write(p packet.Packets, _ time.Time) bool {
	if !e.deaf {
		e.got = append(e.got, slices.Clone(p.Payloads[0]))
		e.at = append(e.at, p.Timestamp)
	}
	return true
}
func (e *ear) Assign(*send.Writer) {}
func (e *ear) Loss() float64       { return e.loss }

// mic sends a tone while it is on.
type mic struct {
	hertz  float64
	on     bool
	at     int
	closed int
}

func (m *mic) Pull(dst *pcm.Block, _ time.Time) (level uint8, ok bool) {
	if !m.on {
		*dst = pcm.Block{}
		return pcm.Silence, true
	}
	for i := range dst {
		dst[i] = float32(0.3 * math.Sin(2*math.Pi*m.hertz*float64(m.at)/pcm.Rate))
		m.at++
	}
	return 15, true
}
func (m *mic) Close() error { m.closed++; return nil }

// reports keep what a clock reported.
type reports struct {
	busy   bool
	floors [][]string
}

func (r *reports) FloorChanged(speaking []string, _ string) bool {
	if !r.busy {
		r.floors = append(r.floors, speaking)
	}
	return !r.busy
}
func (*reports) RungChanged(string, ladder.Rung) bool { panic("a sound clock knows no rungs") }
func (*reports) Strained() bool                       { return true }

func (*reports) HealthChanged(layout.SourceID, video.Status) bool {
	panic("a sound clock knows no cameras")
}

// bench is a clock whose ticks a test makes.
type bench struct {
	*Clock
	chain   *scene.Chain
	reports reports
	now     time.Time
}

func newBench() *bench {
	b := &bench{chain: scene.NewChain(), now: time.Unix(1_800_000_000, 0)}
	b.Clock = NewClock(Env{
		Epoch: b.now, Bitrate: bitrate, Reporter: &b.reports,
		Metrics: NewMetrics(prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"})),
	}, b.chain)
	return b
}

func (b *bench) publish(s *scene.Scene) {
	b.chain.Publish(s)
	b.advance()
}

func (b *bench) ticks(n int) {
	for range n {
		b.tick(b.now)
		b.now = b.now.Add(pcm.Duration)
	}
}

// amplitude is how strong a tone is in the newest blocks that an ear was sent.
func (e *ear) amplitude(t *testing.T, hertz float64) float64 {
	t.Helper()
	all := decoded(t, e.got)
	all = all[len(all)-10*pcm.Samples:]
	var sin, cos float64
	for i, v := range all {
		phase := 2 * math.Pi * hertz * float64(i) / pcm.Rate
		sin += float64(v) * math.Sin(phase)
		cos += float64(v) * math.Cos(phase)
	}
	return 2 * math.Hypot(sin, cos) / float64(len(all))
}

// TestMixMinus has two speak and one listen: each hears all but itself.
func TestMixMinus(t *testing.T) {
	b := newBench()
	low, high := &mic{hertz: 400, on: true}, &mic{hertz: 1300, on: true}
	ears := []*ear{{}, {}, {}}
	b.publish(&scene.Scene{Listeners: []scene.Listener{
		{ID: "low", Microphone: low, Stream: ears[0]}, {ID: "high", Microphone: high, Stream: ears[1]}, {ID: "ear", Stream: ears[2]},
	}})
	b.ticks(50)
	for i, want := range [][2]bool{{false, true}, {true, false}, {true, true}} {
		for j, hertz := range []float64{400, 1300} {
			if a := ears[i].amplitude(t, hertz); (a > 0.1) != want[j] || !want[j] && a > 0.02 {
				t.Errorf("listener %d hears %v Hz with %.3f, to be heard: %v", i, hertz, a, want[j])
			}
		}
	}
	for i, at := range ears[2].at {
		if at != uint32(i*pcm.Samples) {
			t.Fatalf("block %d has the timestamp %d", i, at)
		}
	}
}

// TestMuted has a speaker muted: nobody hears it, and it is not said to speak.
func TestMuted(t *testing.T) {
	b := newBench()
	e := &ear{}
	b.publish(&scene.Scene{Listeners: []scene.Listener{
		{ID: "ada", Microphone: &mic{hertz: 400, on: true}, Muted: true}, {ID: "ear", Stream: e},
	}})
	b.ticks(50)
	if a := e.amplitude(t, 400); a > 0.001 {
		t.Errorf("it is heard with %.3f", a)
	}
	if len(b.reports.floors) > 0 {
		t.Errorf("%v are said to speak", b.reports.floors)
	}
}

// TestFloorIsReported when the loop has time for it.
func TestFloorIsReported(t *testing.T) {
	b := newBench()
	b.reports.busy = true
	m := &mic{hertz: 400, on: true}
	b.publish(&scene.Scene{Listeners: []scene.Listener{{ID: "ada", Microphone: m, Stream: &ear{}}, {ID: "ear", Stream: &ear{}}}})
	b.ticks(50)
	b.reports.busy = false
	b.ticks(1)
	if len(b.reports.floors) != 1 || !slices.Equal(b.reports.floors[0], []string{"ada"}) {
		t.Errorf("%v are said to speak", b.reports.floors)
	}
}

// TestEncoders counts the encoders: one for all who are silent, one for each who speaks, and
// one for who loses much.
func TestEncoders(t *testing.T) {
	b := newBench()
	m := &mic{hertz: 400, on: true}
	far := &ear{}
	s := &scene.Scene{Listeners: []scene.Listener{{ID: "ada", Microphone: m, Stream: &ear{}}}}
	for _, id := range []string{"x", "y", "z"} {
		s.Listeners = append(s.Listeners, scene.Listener{ID: id, Stream: &ear{}})
	}
	s.Listeners = append(s.Listeners, scene.Listener{ID: "far", Stream: far})
	b.publish(s)
	own := func() (n int) {
		for _, l := range b.listeners {
			if l.own != nil {
				n++
			}
		}
		return n
	}
	b.ticks(10)
	if own() != 1 || b.listeners[0].own == nil {
		t.Errorf("%d have encoders of their own while one speaks", own())
	}
	m.on, far.loss = false, .2
	b.ticks(3 * tuneInterval)
	if own() != 1 || b.listeners[4].own == nil || b.listeners[4].own.fecLoss != 20 {
		t.Errorf("%d have encoders of their own while one loses much", own())
	}
	far.loss = 0
	b.ticks(3 * tuneInterval)
	if own() != 0 || len(b.outputs.spare) != 2 {
		t.Errorf("%d have encoders of their own, %d are spare", own(), len(b.outputs.spare))
	}
}

// tape is a sink that counts.
type tape struct{ sounds, ended int }

func (*tape) Video([]byte, bool, time.Duration)  {}
func (k *tape) Audio(p []byte, at time.Duration) { k.sounds++ }
func (k *tape) Ended()                           { k.ended++ }

// TestDeparted releases what no scene has any more, once, and forgets who left.
func TestDeparted(t *testing.T) {
	b := newBench()
	m, k := &mic{hertz: 400, on: true}, &tape{}
	a := &media.Attachment{Sink: k}
	b.publish(&scene.Scene{
		Listeners: []scene.Listener{{ID: "ada", Microphone: m, Stream: &ear{}}, {ID: "ear", Stream: &ear{}}},
		Sinks:     []*media.Attachment{a},
	})
	b.ticks(20)
	if k.sounds != 20 {
		t.Errorf("the sink was given %d blocks", k.sounds)
	}
	b.publish(&scene.Scene{Departed: []scene.Departed{{ID: "ada", Microphone: m, Left: true}, {ID: "ear", Left: true}, {Sink: a}}})
	b.ticks(1)
	a.Release() // as the picture clock does
	if m.closed != 1 || len(b.state) != 0 || k.ended != 1 || len(b.outputs.spare) != 1 {
		t.Errorf("closed %d times, %d are kept, the sink ended %d times, %d encoders are spare", m.closed, len(b.state), k.ended, len(b.outputs.spare))
	}
}

// TestLeap leaves out what cannot be made up for, in whole blocks from the epoch.
func TestLeap(t *testing.T) {
	b := newBench()
	b.leap(b.env.Epoch.Add(time.Second), 1)
	if b.at != pcm.Rate {
		t.Errorf("after a second it is at %d", b.at)
	}
	if b.leap(b.env.Epoch, 1); b.at != pcm.Rate {
		t.Errorf("it goes back to %d", b.at)
	}
}

// TestTickAllocates: a tick in which nobody comes or goes allocates nothing.
func TestTickAllocates(t *testing.T) {
	if err := func() error { _, err := opus.NewEncoder(bitrate); return err }(); err != nil {
		t.Fatal(err)
	}
	b := newBench()
	b.publish(&scene.Scene{Listeners: []scene.Listener{
		{ID: "ada", Microphone: &mic{hertz: 400, on: true}, Stream: &ear{deaf: true}}, {ID: "ear", Stream: &ear{deaf: true}},
	}})
	b.ticks(2 * tuneInterval)
	if n := testing.AllocsPerRun(100, func() { b.ticks(1) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
