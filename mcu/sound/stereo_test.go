package sound

import (
	"bytes"
	"image"
	"math"
	"testing"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
)

// duo is a mic that is stereo while it is wide: the tone is in the left channel alone.
type duo struct {
	mic
	wide       bool
	side, rest pcm.Block
}

func (d *duo) Pull(dst *pcm.Block, now time.Time) (level uint8, ok bool) {
	level, ok = d.mic.Pull(dst, now)
	d.side, d.rest = pcm.Block{}, pcm.Block{}
	if d.wide {
		d.side = *dst
	}
	return level, ok
}

func (d *duo) Sides() (side, rest *pcm.Block) { return &d.side, &d.rest }

var _ media.StereoMicrophone = (*duo)(nil)

func newStereoBench(stereo bool) *bench {
	b := newBench()
	b.env.Stereo = stereo
	b.env.KeepLoudness = true
	b.Clock = NewClock(b.env, b.chain)
	return b
}

// channels are how strong a tone is in the newest blocks of both channels.
func (e *ear) channels(t *testing.T, hertz float64) (left, right float64) {
	t.Helper()
	dec, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	var all [2][]float32
	mono, side, rest := make([]float32, 5760), make([]float32, pcm.Samples), make([]float32, pcm.Samples)
	for _, p := range e.got {
		n, err := dec.Decode(mono, p)
		if err != nil || n != pcm.Samples {
			t.Fatal(n, err)
		}
		clear(side)
		clear(rest)
		dec.Sides(mono[:n], side, rest)
		for i := range side {
			all[0] = append(all[0], mono[i]+rest[i]+side[i])
			all[1] = append(all[1], mono[i]+rest[i]-side[i])
		}
	}
	var amplitude [2]float64
	for c, samples := range all {
		var sin, cos float64
		for i, v := range samples[len(samples)-10*pcm.Samples:] {
			s, o := math.Sincos(2 * math.Pi * hertz * float64(i) / pcm.Rate)
			sin, cos = sin+float64(v)*s, cos+float64(v)*o
		}
		amplitude[c] = 2 * math.Hypot(sin, cos) / (10 * pcm.Samples)
	}
	return amplitude[0], amplitude[1]
}

// twoChannels tells of a packet whether both channels are coded (RFC 6716 §3.1).
func twoChannels(packet []byte) bool { return packet[0]&4 != 0 }

// TestStereo has one send stereo and others listen in stereo and in mono, and then the room is
// flat again: both channels are coded only while they differ.
func TestStereo(t *testing.T) {
	b := newStereoBench(true)
	left, both, one, own := &duo{mic: mic{hertz: 400, on: true}, wide: true}, &ear{}, &ear{}, &ear{}
	k := &taped{}
	b.publish(&scene.Scene{
		Listeners: []scene.Listener{
			{ID: "left", Microphone: left, Stream: own, Stereo: true},
			{ID: "voice", Microphone: &mic{hertz: 1300, on: true}},
			{ID: "both", Stream: both, Stereo: true},
			{ID: "one", Stream: one},
		},
		Sinks: []*media.Attachment{{Sink: k}},
	})
	b.ticks(50)
	for _, c := range []struct {
		name        string
		e           *ear
		hertz       float64
		left, right float64
	}{
		// The left channel is too loud, and one gain of 0.79 brings both down.
		{"both", both, 400, 0.47, 0},
		{"both", both, 1300, 0.24, 0.24},
		{"one", one, 400, 0.3, 0.3},
		{"one", one, 1300, 0.3, 0.3},
		{"left itself", own, 400, 0, 0},
		{"left itself", own, 1300, 0.3, 0.3},
		{"the sink", &k.ear, 400, 0.47, 0},
	} {
		l, r := c.e.channels(t, c.hertz)
		if math.Abs(l-c.left) > 0.05 || math.Abs(r-c.right) > 0.05 {
			t.Errorf("%s hears %v Hz with %.3f and %.3f, not %v and %v", c.name, c.hertz, l, r, c.left, c.right)
		}
	}
	last := func(e *ear) []byte { return e.got[len(e.got)-1] }
	if !twoChannels(last(both)) || twoChannels(last(one)) || twoChannels(last(own)) {
		t.Error("the packets have the wrong number of channels")
	}
	left.wide = false
	b.ticks(flat + 60)
	if twoChannels(last(both)) {
		t.Error("both channels are coded though they are the same")
	}
	if l, r := both.channels(t, 400); math.Abs(l-0.3) > 0.03 || math.Abs(r-0.3) > 0.03 {
		t.Errorf("the flat tone has %.3f and %.3f", l, r)
	}
}

// taped is a sink that keeps the sound.
type taped struct {
	tape
	ear ear
}

func (k *taped) Audio(p []byte, _ time.Duration) { k.ear.got = append(k.ear.got, bytes.Clone(p)) }

// TestMonoIsMono: who listens to mono voices in mono is sent the same bytes in every room.
func TestMonoIsMono(t *testing.T) {
	var got [2][][]byte
	for i, stereo := range []bool{false, true} {
		b := newStereoBench(stereo)
		e := &ear{}
		b.publish(&scene.Scene{Listeners: []scene.Listener{
			{ID: "a", Microphone: &duo{mic: mic{hertz: 400, on: true}}}, {ID: "b", Microphone: &mic{hertz: 700, on: true}}, {ID: "e", Stream: e},
		}})
		b.ticks(50)
		got[i] = e.got
	}
	for i := range got[0] {
		if !bytes.Equal(got[0][i], got[1][i]) {
			t.Fatalf("block %d differs", i)
		}
	}
}

// TestSpatial has one in a tile on the left, one on the right, and a stereo source: voices are where
// their tiles are, and the source is where it was sent. A listener in mono hears none of it.
func TestSpatial(t *testing.T) {
	var inMono [2][][]byte
	for i, spatial := range []bool{false, true} {
		b := newStereoBench(true)
		b.env.Spatial = spatial
		b.Clock = NewClock(b.env, b.chain)
		both, one, own := &ear{}, &ear{}, &ear{}
		s := &scene.Scene{
			Listeners: []scene.Listener{
				{ID: "left", Microphone: &duo{mic: mic{hertz: 400, on: true}}, Stream: own, Stereo: true},
				{ID: "right", Microphone: &mic{hertz: 700, on: true}},
				{ID: "music", Microphone: &duo{mic: mic{hertz: 1300, on: true}, wide: true}},
				{ID: "both", Stream: both, Stereo: true},
				{ID: "one", Stream: one},
			},
			Views: []scene.View{{Size: image.Pt(1200, 600), Places: []scene.Place{
				{Rect: image.Rect(0, 0, 300, 300)}, {Rect: image.Rect(900, 0, 1200, 300)}, {Rect: image.Rect(1100, 300, 1200, 600)}, {},
			}}},
		}
		for _, id := range []string{"left", "right", "music", "both"} {
			s.Sources = append(s.Sources, scene.Source{ID: layout.SourceID{Participant: id}})
		}
		b.publish(s)
		b.ticks(100)
		inMono[i] = one.got
		want := [][2]float64{{400, 0}, {700, 0}, {1300, 60}}
		if spatial { // 0.75 of 30 degrees
			want = [][2]float64{{400, 7.6}, {700, -7.6}, {1300, 60}}
		}
		for _, w := range want {
			l, r := both.channels(t, w[0])
			if apart := 20 * math.Log10((l+1e-6)/(r+1e-6)); math.Abs(apart-w[1]) > 1 && (w[1] < 20 || apart < 20) {
				t.Errorf("spatial %v: %v Hz is %.1f dB louder on the left, not %v", spatial, w[0], apart, w[1])
			}
		}
		if l, r := own.channels(t, 400); max(l, r) > 0.01 {
			t.Errorf("one on the left hears itself with %.3f and %.3f", l, r)
		}
	}
	for i := range min(len(inMono[0]), len(inMono[1])) {
		if !bytes.Equal(inMono[0][i], inMono[1][i]) {
			t.Fatalf("in mono block %d differs", i)
		}
	}
}

// TestStereoTickAllocates is TestTickAllocates for a room with both kinds of listeners.
func TestStereoTickAllocates(t *testing.T) {
	b := newStereoBench(true)
	b.env.Spatial = true
	b.Clock = NewClock(b.env, b.chain)
	left := &duo{mic: mic{hertz: 400, on: true}, wide: true}
	b.publish(&scene.Scene{Views: []scene.View{{
		Size: image.Pt(2, 2), Places: []scene.Place{{Rect: image.Rect(0, 0, 1, 1)}},
	}}, Sources: []scene.Source{{ID: layout.SourceID{Participant: "voice"}}}, Listeners: []scene.Listener{
		{ID: "left", Microphone: left, Stream: &ear{deaf: true}, Stereo: true},
		{ID: "voice", Microphone: &mic{hertz: 700, on: true}},
		{ID: "both", Stream: &ear{deaf: true}, Stereo: true},
		{ID: "one", Stream: &ear{deaf: true}},
	}})
	b.ticks(2 * tuneInterval)
	if n := testing.AllocsPerRun(100, func() { b.ticks(1) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkTick300 is a tick of a room of 300, of whom three speak: mono, and stereo with one that
// sends stereo.
func BenchmarkTick300(b *testing.B) {
	for name, stereo := range map[string]bool{"mono": false, "stereo": true} {
		b.Run(name, func(b *testing.B) {
			c := newStereoBench(stereo)
			s := &scene.Scene{}
			for i := range 300 {
				l := scene.Listener{ID: string(rune('0' + i)), Stream: &ear{deaf: true}, Stereo: stereo && i%2 == 0}
				if i < 3 {
					l.Microphone = &duo{mic: mic{hertz: 400, on: true}, wide: i == 0 && stereo}
				}
				s.Listeners = append(s.Listeners, l)
			}
			c.publish(s)
			c.ticks(100)
			for b.Loop() {
				c.ticks(1)
			}
		})
	}
}
