package audio_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// TestFollow sends words, noise, pauses and mutes through a strip: whatever happens to the mono
// happens to what is beside it, to the bit.
func TestFollow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	strip := audio.Strip{}
	passed, changed, late := 0, 0, 0
	for n, long, loud := 0, 0, 0.; n < 3000; n++ {
		if long--; long <= 0 {
			long, loud = 5+r.IntN(60), math.Pow(10, -1-3*r.Float64())*float64(r.IntN(3))/2
		}
		begin := 0
		if r.IntN(2) == 0 {
			begin = r.IntN(pcm.Samples)
		}
		var mono, side, rest pcm.Block
		for i := range mono {
			mono[i] = float32(0.0002 * r.NormFloat64())
			if i >= begin {
				mono[i] += float32(loud * math.Sin(math.Pi/60*float64(n*pcm.Samples+i)) * (1 + math.Sin(math.Pi/480*float64(n*pcm.Samples+i))))
			}
			side[i], rest[i] = -mono[i]/2, mono[i]/4
		}
		was := mono
		var open bool
		if muted := n%500 > 470; muted {
			open = strip.Mute(&mono)
		} else if open = strip.Pass(&mono, pcm.Level(mono[:])); open {
			audio.Elect([]*audio.Strip{&strip}, (n/100+1)%2)
			open = strip.Admit(&mono)
		}
		strip.Follow(&side, &rest)
		if !open {
			continue
		}
		passed++
		if mono != was {
			changed++
		}
		if mono[0] != was[0] && mono[0] != 0 {
			late++
		}
		for i, m := range mono {
			if side[i] != -m/2 || rest[i] != m/4 {
				t.Fatalf("sample %d of block %d is %v, beside it are %v and %v", i, n, m, side[i], rest[i])
			}
		}
	}
	if passed < 500 || changed < 300 || late < 200 {
		t.Errorf("%d blocks are heard, %d changed, %d of them from the first sample on", passed, changed, late)
	}
	b := tone(400, 0.1)
	if n := testing.AllocsPerRun(100, func() { strip.Pass(b, 20); strip.Follow(b, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSplit mixes a stereo voice, one whose channels are opposites, and one that is mono. Each
// hears the others in both channels as they are, and itself in none.
func TestSplit(t *testing.T) {
	type voice struct {
		hertz             float64
		left, right       float64
		mono, side, other *pcm.Block
	}
	voices := []*voice{{hertz: 300, left: 0.8, right: 0.1}, {hertz: 500, left: 0.5, right: -0.5}, {hertz: 800, left: 0.3, right: 0.3}}
	// As a decoder does: half of the sum is the mono, or half of the difference.
	voices[0].mono, voices[0].side = tone(300, 0.45), tone(300, 0.35)
	voices[1].mono, voices[1].side, voices[1].other = tone(500, 0.5), tone(500, 0.5), tone(500, -0.5)
	voices[2].mono = tone(800, 0.3)
	var m audio.Mixer
	var s audio.Stereo
	for range 2 { // the second tick is not like the first if something is left of it
		m.Reset()
		s.Reset()
		for _, v := range voices {
			m.Add(v.mono)
			s.Add(v.side, v.other)
		}
	}
	listen := func(name string, own *voice) {
		var left, right pcm.Block
		wide := false
		if own == nil {
			m.Mix(&left)
			wide = s.Split(&left, &right, nil, nil)
		} else {
			m.Minus(&left, own.mono)
			wide = s.Split(&left, &right, own.side, own.other)
		}
		if !wide {
			t.Errorf("%s hears mono", name)
		}
		for _, v := range voices {
			l, r := v.left, v.right
			if v == own {
				l, r = 0, 0
			}
			gotL, gotR := hum(&left, v.hertz), hum(&right, v.hertz)
			if math.Abs(gotL-math.Abs(l)) > 1e-5 || math.Abs(gotR-math.Abs(r)) > 1e-5 {
				t.Errorf("%s hears %v Hz with %.4f and %.4f, not %v and %v", name, v.hertz, gotL, gotR, l, r)
			}
		}
	}
	listen("a silent one", nil)
	listen("the first", voices[0])
	listen("the second", voices[1])
	listen("the third", voices[2])

	m.Reset()
	s.Reset()
	m.Add(voices[0].mono)
	s.Add(voices[0].side, nil)
	var left, right pcm.Block
	m.Minus(&left, voices[0].mono)
	if s.Split(&left, &right, voices[0].side, nil) || left != (pcm.Block{}) || right != left {
		t.Error("one who is alone hears something")
	}
}

// TestPanner moves a voice to the right and back: it is as loud everywhere, gets there in half a second
// without a jump, and costs nothing in the middle.
func TestPanner(t *testing.T) {
	var p audio.Panner
	mono := tone(400, 0.5)
	if side, rest := p.Place(mono, 0); side != nil || rest != nil {
		t.Error("in the middle it has sides")
	}
	channels := func(towards float64) (l, r float64) {
		side, rest := p.Place(mono, towards)
		if side == nil {
			return hum(mono, 400), hum(mono, 400)
		}
		left, right := *mono, *mono
		left.Add(rest)
		right.Add(rest)
		left.Add(side)
		right.Sub(side)
		return hum(&left, 400), hum(&right, 400)
	}
	for _, towards := range []float64{1, 0, -0.5, 0} {
		l, r := channels(towards)
		for range 30 {
			wasL, wasR := l, r
			l, r = channels(towards)
			if math.Abs(l-wasL) > 0.02 || math.Abs(r-wasR) > 0.02 {
				t.Errorf("it jumps from %.3f and %.3f to %.3f and %.3f", wasL, wasR, l, r)
			}
			if power := 10 * math.Log10((l*l+r*r)/0.5); math.Abs(power) > 0.05 {
				t.Errorf("with %.3f and %.3f it is %.2f dB louder", l, r, power)
			}
		}
		apart, want := 20*math.Log10(r/l), 20*math.Log10((1+math.Tan(towards*math.Pi/6))/(1-math.Tan(towards*math.Pi/6)))
		if math.Abs(apart-want) > 0.1 {
			t.Errorf("at %v the right channel has %.1f dB more, not %.1f", towards, apart, want)
		}
	}
	if side, _ := p.Place(mono, 0); side != nil {
		t.Error("it does not come back to the middle")
	}
	if n := testing.AllocsPerRun(10, func() { p.Place(mono, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
