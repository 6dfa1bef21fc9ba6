package sound

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mcu/scene"
)

// TestSignal has talkers come and go.
func TestSignal(t *testing.T) {
	var s signal
	for i, c := range []struct {
		blocks, voices, music int
		want                  bool // in the end: made for music
	}{
		{100, 0, 0, false},
		{100, 1, 0, false},
		{toMusic - 1, 2, 0, false},
		{1, 1, 0, false},
		{toMusic, 2, 0, true},
		{toVoice - 1, 1, 0, true},
		{1, 3, 0, true},
		{toVoice, 0, 0, false},
		{toMusic, 1, 1, true},
	} {
		changes := 0
		for range c.blocks {
			if s.hear(c.voices, c.music) {
				changes++
			}
		}
		if s.music != c.want || changes > 1 {
			t.Errorf("step %d: made for music %v after %d changes", i, s.music, changes)
		}
	}
}

// TestSignalOfEach: who speaks with one other hears one voice, and the silent hear two. When the
// listener goes back to the shared stream both are made for the same.
func TestSignalOfEach(t *testing.T) {
	b := newBench()
	voices := talkers(2, -10)
	fader := &mic{hertz: 700, on: true}
	b.publish(&scene.Scene{Listeners: []scene.Listener{
		{ID: "a", Microphone: fader, Stream: &ear{}}, {ID: "b", Microphone: voices[0], Stream: &ear{}}, {ID: "ear", Stream: &ear{}},
	}})
	b.ticks(30)
	own, shared := b.listeners[0].own, b.outputs.shared
	if own.signal.music || !shared.signal.music {
		t.Fatalf("made for music: the talker's %v, the others' %v", own.signal.music, shared.signal.music)
	}
	fader.on = false
	for n := 0; b.listeners[0].own != nil; n++ {
		if b.ticks(1); n > 200 {
			t.Fatal("it keeps its encoder")
		}
	}
	if own.signal.music != shared.signal.music {
		t.Error("the listener goes back to a stream that is made for something else")
	}
}

// TestTwoTones of two talkers are two tones at a listener: 5 per cent are neither, at most.
func TestTwoTones(t *testing.T) {
	b := newBench()
	e := &ear{}
	low, high := &mic{hertz: 1000, on: true}, &mic{hertz: 1370, on: true}
	b.publish(&scene.Scene{Listeners: []scene.Listener{{ID: "ear", Stream: e}, {ID: "a", Microphone: low}, {ID: "b", Microphone: high}}})
	b.ticks(150)
	s := decoded(t, e.got[100:])[10*pcm.Samples:]
	all := 0.0
	for _, v := range s {
		all += float64(v) * float64(v)
	}
	rest := all
	for _, hertz := range []float64{1000, 1370} {
		var sin, cos float64
		for i, v := range s {
			phase := 2 * math.Pi * hertz * float64(i) / pcm.Rate
			sin += float64(v) * math.Sin(phase)
			cos += float64(v) * math.Cos(phase)
		}
		rest -= 2 * (sin*sin + cos*cos) / float64(len(s))
	}
	distortion := math.Sqrt(rest / all)
	t.Logf("%.1f %% are neither tone", 100*distortion)
	if distortion > 0.05 {
		t.Errorf("%.1f %% are neither tone", 100*distortion)
	}
}
