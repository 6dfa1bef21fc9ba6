package picture

import (
	"image"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/overlay"
	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// encoder makes an access unit of each picture, the first of them and those asked for
// IDRs.
type encoder struct{ plain bool }

func (e *encoder) Encode(img *image.YCbCr, _ time.Duration) (codec.AccessUnit, error) {
	key := !e.plain
	e.plain = true
	return codec.AccessUnit{Data: []byte{0, 0, 1, 0x65, img.Y[img.YOffset(8, 8)]}, Key: key}, nil
}
func (e *encoder) ForceKeyFrame() { e.plain = false }
func (*encoder) Close() error     { return nil }

// codecs are media.VideoCodecs.
type codecs struct{}

func (codecs) NewEncoder(codec.Kind, codec.VideoConfig) (codec.VideoEncoder, error) {
	return &encoder{}, nil
}

func (codecs) NewDecoder(codec.Kind) (codec.VideoDecoder, error) { panic("a clock decodes nothing") }

// reports keep what a clock reported.
type reports struct {
	busy   bool
	rungs  []int
	health []video.Status

	strained int
}

func (*reports) FloorChanged([]string, string) bool { panic("a picture clock knows no floor") }
func (r *reports) RungChanged(_ string, rung ladder.Rung) bool {
	if !r.busy {
		r.rungs = append(r.rungs, rung.Size.Y)
	}
	return !r.busy
}

func (r *reports) Strained() bool { r.strained++; return true }

func (r *reports) HealthChanged(_ layout.SourceID, health video.Status) bool {
	if !r.busy {
		r.health = append(r.health, health)
	}
	return !r.busy
}

// film is a camera that shows one picture, a new one when it is told.
type film struct {
	frame    *yuv.Frame
	fresh    bool
	rested   int
	released int
}

func (c *film) Picture(now time.Time) (*yuv.Frame, bool) {
	fresh := c.fresh
	if fresh {
		c.frame.At, c.frame.Ready = now, now
	}
	c.fresh = false
	return c.frame, fresh
}
func (c *film) Rest()        { c.rested++ }
func (c *film) Release()     { c.released++ }
func (c *film) Lost() uint64 { return 0 }

// eyes keep what it was sent.
type eyes struct {
	kind codec.Kind
	got  []packet.Packets
}

func (s *eyes) Write(p packet.Packets, _ time.Time) bool { s.got = append(s.got, p); return true }
func (s *eyes) Assign(*send.Writer)                      {}
func (s *eyes) Waits() bool                              { return false }
func (s *eyes) Codec() codec.Kind                        { return s.kind }
func (s *eyes) Stats() send.Stats                        { return send.Stats{} }
func (s *eyes) Estimate() int                            { return 10_000_000 }
func (s *eyes) Probe(int, time.Time)                     {}

// tape keeps the IDRs and pictures that it was given.
type tape struct{ units, keys, ended int }

func (s *tape) Video(_ []byte, key bool, _ time.Duration) {
	s.units++
	if key {
		s.keys++
	}
}
func (*tape) Audio([]byte, time.Duration) {}
func (s *tape) Ended()                    { s.ended++ }

// bench is a clock whose ticks a test makes.
type bench struct {
	*Clock
	t       *testing.T
	chain   *scene.Chain
	reports reports
	pool    *yuv.Pool
	now     time.Time
	signals [2]media.Signals
}

var size = image.Pt(64, 32)

func newBench(t *testing.T) *bench { return newBenchOf(t, func(*Env) {}) }

// newBenchOf returns a bench whose clock has another Env.
func newBenchOf(t *testing.T, change func(*Env)) *bench {
	b := &bench{t: t, chain: scene.NewChain(), pool: yuv.NewPool(4), now: time.Unix(1_800_000_000, 0)}
	rungs := []ladder.Rung{{Size: size, FrameRate: 30, Bitrate: 500_000, Every: 1}, {}}
	errors := prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"})
	env := Env{
		Epoch: b.now, Size: size, Rungs: rungs, FrameRate: 30, Codecs: codecs{}, Reporter: &b.reports,
		Metrics: NewMetrics(rendition.NewMetrics(rungs), errors), Log: slog.New(slog.DiscardHandler),
	}
	change(&env)
	c, err := NewClock(env, b.chain)
	if err != nil {
		t.Fatal(err)
	}
	b.Clock = c
	t.Cleanup(c.close)
	return b
}

func (b *bench) film() *film {
	f := b.pool.Get(size.X, size.Y)
	for i := range f.Y {
		f.Y[i] = 200
	}
	return &film{frame: f, fresh: true}
}

// shows is a scene with one source over all of the canvas, if it is to be seen.
func shows(src scene.Source, seen bool) *scene.Scene {
	s := &scene.Scene{
		Members: []scene.Member{{ID: "ada", Name: "Ada"}},
		Sources: []scene.Source{src},
		Views:   []scene.View{{Size: size, Places: make([]scene.Place, 1)}},
	}
	s.Sources[0].ID = layout.SourceID{Participant: "ada"}
	if seen {
		s.Views[0].Places[0].Rect = image.Rectangle{Max: size}
	}
	return s
}

func (b *bench) watch(s *scene.Scene, streams ...*eyes) {
	for i, d := range streams {
		s.Viewers = append(s.Viewers, scene.Viewer{
			ID: string(rune('x' + i)), Stream: d, Path: d, Signals: &media.Signals{},
		})
	}
	b.chain.Publish(s)
}

// ticks makes ticks, and has the encoders' goroutines make what they are given.
func (b *bench) ticks(n int) {
	for range n {
		b.tick(b.now)
		for _, v := range b.views {
			for slices.ContainsFunc(v.all, func(r *rendition.Rendition) bool { return !r.Ready() }) {
				b.take(<-b.out)
			}
		}
		for len(b.out) > 0 {
			b.take(<-b.out)
		}
		b.now = b.now.Add(time.Second / 30)
	}
}

// TestTick shows a camera to a viewer: it is sent an IDR and then a picture for each new
// one of the camera.
func TestTick(t *testing.T) {
	b := newBench(t)
	cam, eye := b.film(), &eyes{kind: codec.H264}
	b.watch(shows(scene.Source{Camera: cam}, true), eye)
	b.ticks(2)
	if len(eye.got) == 0 || !eye.got[0].Key {
		t.Fatalf("%d access units were sent", len(eye.got))
	}
	sent := len(eye.got)
	b.ticks(3)
	if len(eye.got) != sent {
		t.Errorf("%d access units were sent of a picture that does not change", len(eye.got)-sent)
	}
	cam.fresh = true
	b.ticks(1)
	if len(eye.got) != sent+1 || eye.got[sent].Key {
		t.Errorf("%d access units were sent of one new picture", len(eye.got)-sent)
	}
	if !slices.Equal(b.reports.rungs, []int{size.Y}) {
		t.Errorf("the viewer is said to have heights of %v", b.reports.rungs)
	}
}

// TestTwoCodecs has viewers of both codecs: each is sent its own.
func TestTwoCodecs(t *testing.T) {
	b := newBench(t)
	cam, eye, other := b.film(), &eyes{kind: codec.H264}, &eyes{kind: codec.VP8}
	b.watch(shows(scene.Source{Camera: cam}, true), eye, other)
	for range 30 {
		cam.fresh = true
		b.ticks(1)
		if len(other.got) > 0 && len(eye.got) > 0 {
			break
		}
		if v := b.views[0]; slices.ContainsFunc(v.all, func(r *rendition.Rendition) bool { return r.Ready() && !r.Idle() }) {
			b.take(<-b.out)
		}
	}
	if len(eye.got) == 0 || len(other.got) == 0 || eye.got[0].Buffer == other.got[0].Buffer {
		t.Errorf("H.264: %d access units, VP8: %d", len(eye.got), len(other.got))
	}
}

// TestHidden has a camera without a tile, and one that is off: they rest.
func TestHidden(t *testing.T) {
	for name, s := range map[string]*scene.Scene{
		"no tile": shows(scene.Source{}, false),
		"off":     shows(scene.Source{Off: true}, true),
	} {
		b := newBench(t)
		cam := b.film()
		s.Sources[0].Camera = cam
		b.watch(s, &eyes{kind: codec.H264})
		b.ticks(3)
		if cam.rested == 0 || !cam.fresh {
			t.Errorf("%s: it rested %d times, and its picture was not taken: %v", name, cam.rested, cam.fresh)
		}
	}
}

// TestFrozen has a camera that brings no picture: that is reported once, when the loop has
// time for it.
func TestFrozen(t *testing.T) {
	b := newBench(t)
	cam := b.film()
	b.watch(shows(scene.Source{Camera: cam}, true), &eyes{kind: codec.H264})
	b.ticks(30)
	b.reports.busy = true
	b.ticks(60)
	b.reports.busy = false
	b.ticks(30)
	if !slices.Equal(b.reports.health, []video.Status{video.Degraded}) {
		t.Errorf("it is reported as %v", b.reports.health)
	}
	for range 90 {
		cam.fresh = true
		b.ticks(1)
	}
	if !slices.Equal(b.reports.health, []video.Status{video.Degraded, video.OK}) {
		t.Errorf("with pictures it is reported as %v", b.reports.health)
	}
}

// TestDeparted releases what no scene has any more, once, and forgets who left.
func TestDeparted(t *testing.T) {
	b := newBench(t)
	cam, eye := b.film(), &eyes{kind: codec.H264}
	b.watch(shows(scene.Source{Camera: cam}, true), eye)
	b.ticks(1)
	empty := shows(scene.Source{}, false)
	empty.Departed = []scene.Departed{{ID: "ada", Camera: cam, Left: true}, {ID: "x", Left: true}}
	empty.Sources, empty.Members, empty.Views[0].Places = nil, nil, nil
	b.chain.Publish(empty)
	b.ticks(2)
	if cam.released != 1 || len(b.sources.state) != 0 || len(b.audience.state) != 0 {
		t.Errorf("released %d times, %d sources and %d viewers are kept", cam.released, len(b.sources.state), len(b.audience.state))
	}
	sent := len(eye.got)
	b.ticks(2)
	if len(eye.got) != sent {
		t.Error("a viewer that left is sent pictures")
	}
}

// TestSink attaches a sink to a room that nobody watches: its pictures begin with an IDR.
func TestSink(t *testing.T) {
	b := newBench(t)
	cam, k := b.film(), &tape{}
	a := &media.Attachment{Sink: k}
	s := shows(scene.Source{Camera: cam}, true)
	s.Sinks = []*media.Attachment{a}
	b.chain.Publish(s)
	for range 5 {
		cam.fresh = true
		b.ticks(1)
	}
	if k.units < 4 || k.keys != 1 {
		t.Errorf("it has %d pictures, %d of them IDRs", k.units, k.keys)
	}
	s = shows(scene.Source{Camera: cam}, true)
	s.Departed = []scene.Departed{{Sink: a}}
	b.chain.Publish(s)
	b.ticks(1)
	a.Release() // as the sound clock does
	if k.ended != 1 || len(b.sinks.begun) != 0 {
		t.Errorf("it ended %d times, %d are kept", k.ended, len(b.sinks.begun))
	}
}

// TestIdle asks when the clock may rest.
func TestIdle(t *testing.T) {
	b := newBench(t)
	if !b.idle(b.now) {
		t.Error("it works for nobody")
	}
	b.watch(shows(scene.Source{Off: true}, true), &eyes{kind: codec.H264})
	if b.idle(b.now) {
		t.Error("it rests though there is a scene that it has not seen")
	}
	b.ticks(30)
	if b.idle(b.now) {
		t.Error("it rests just after the picture changed")
	}
	b.ticks(60)
	if !b.idle(b.now) {
		t.Error("it works on a picture that is still")
	}
}

// TestIdleClock rests until the second at which a clock in the picture changes, and the picture with it.
func TestIdleClock(t *testing.T) {
	b := newBench(t)
	set, err := overlay.Compile(control.Overlays{Clock: "time"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := shows(scene.Source{Off: true}, true)
	s.Overlays = overlay.State{Set: set}
	b.watch(s, &eyes{kind: codec.H264})
	worked := map[int64]int{} // ticks, by the second
	for range 300 {
		if b.idle(b.now) {
			b.now = b.now.Add(time.Second / 30)
			continue
		}
		worked[b.now.Unix()]++
		b.ticks(1)
	}
	if n := worked[b.env.Epoch.Unix()]; n < 29 {
		t.Errorf("it rests just after the picture changed: %d ticks", n)
	}
	for second := int64(3); second < 10; second++ {
		if n := worked[b.env.Epoch.Unix()+second]; n != 1 {
			t.Errorf("%d ticks in second %d", n, second)
		}
	}
}

// TestTickAllocates: a tick in which nothing comes or goes allocates nothing.
func TestTickAllocates(t *testing.T) {
	b := newBench(t)
	cam, eye := b.film(), &eyes{kind: codec.H264}
	eye.got = make([]packet.Packets, 0, 1000)
	b.watch(shows(scene.Source{Camera: cam}, true), eye)
	b.ticks(5)
	if n := testing.AllocsPerRun(100, func() {
		b.tick(b.now)
		b.now = b.now.Add(time.Millisecond)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
