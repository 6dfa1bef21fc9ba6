package pcm_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
)

// sine returns n samples of a tone of 440 Hz, from one sample on.
func sine(from, n int) []float32 {
	b := make([]float32, n)
	for i := range b {
		b[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(from+i)/pcm.Rate))
	}
	return b
}

// steepest is the largest step between two samples.
func steepest(b []float32) (most float32) {
	for i := range b[1:] {
		most = max(most, b[i+1]-b[i], b[i]-b[i+1])
	}
	return most
}

// TestBridge has a block of a tone lost, and more. What is made up goes on from the sound before, fades out, and
// goes over into the sound that follows without a step.
func TestBridge(t *testing.T) {
	for _, lost := range []int{120, 960, 1920, 5000} {
		var g pcm.Bridge
		all := sine(0, 1500)
		g.Join(all[:700])
		g.Join(all[700:])
		made := make([]float32, lost)
		g.Make(made[:100])
		g.Make(made[100:])
		next := sine(1500+lost, 960)
		g.Join(next)
		all = append(append(all, made...), next...)
		// A tone of 0.5 and 440 Hz has steps of 0.029. Where it turns round, there is one of the other way.
		if step := steepest(all); step > 0.06 {
			t.Errorf("%d lost: a step of %.3f", lost, step)
		}
		if power := pcm.Level(made[:min(lost, 960)]); power > 20 {
			t.Errorf("%d lost: the first block has -%d dBov", lost, power)
		}
		if lost > 1920 && pcm.Level(made[1920:]) != pcm.Silence {
			t.Errorf("%d lost: it never ends", lost)
		}
	}
}

// TestBridgeExact changes nothing of sound that has no hole, and makes up silence of nothing.
func TestBridgeExact(t *testing.T) {
	var g pcm.Bridge
	made := sine(0, 500)
	g.Make(made)
	if pcm.Level(made) != pcm.Silence {
		t.Error("sound is made of nothing")
	}
	g = pcm.Bridge{}
	for at, n := range []int{960, 120, 5760, 480} {
		b, want := sine(at, n), sine(at, n)
		g.Join(b)
		for i := range b {
			if b[i] != want[i] {
				t.Fatalf("sample %d of %d is %v, not %v", i, n, b[i], want[i])
			}
		}
	}
	if n := testing.AllocsPerRun(10, func() { g.Join(made); g.Make(made) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
