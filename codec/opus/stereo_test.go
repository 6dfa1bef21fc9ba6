package opus_test

import (
	"math"
	"testing"

	libopus "github.com/hraban/opus"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

// TestSides takes apart what a decoder of another program hears: mono, side and rest are both its
// channels, also where they are opposites and while the mono turns round.
func TestSides(t *testing.T) {
	enc, err := opus.NewStereoEncoder(128_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	foreign, err := libopus.NewDecoder(pcm.Rate, 2)
	if err != nil {
		t.Fatal(err)
	}
	mono, side, rest := make([]float32, 5760), make([]float32, pcm.Samples), make([]float32, pcm.Samples)
	if dec.Sides(mono[:0], side, rest) {
		t.Error("it is stereo before anything came")
	}
	frame, want, packet := make([]float32, 2*pcm.Samples), make([]float32, 2*5760), make([]byte, 1275)
	turned, straight := 0, 0
	for n := range 150 {
		for i := range pcm.Samples {
			s := float32(0.3 * math.Sin(2*math.Pi*440*float64(n*pcm.Samples+i)/pcm.Rate))
			if frame[2*i], frame[2*i+1] = s, s/4; n >= 50 && n < 100 {
				frame[2*i+1] = -s
			}
		}
		length, err := enc.Encode(packet, frame)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dec.Decode(mono, packet[:length]); err != nil {
			t.Fatal(err)
		}
		if _, err := foreign.DecodeFloat32(packet[:length], want); err != nil {
			t.Fatal(err)
		}
		if !dec.Sides(mono[:pcm.Samples], side, rest) {
			t.Fatal("it is mono")
		}
		for i := range side {
			l, r := mono[i]+rest[i]+side[i], mono[i]+rest[i]-side[i]
			if math.Abs(float64(l-want[2*i])) > 1e-5 || math.Abs(float64(r-want[2*i+1])) > 1e-5 {
				t.Fatalf("sample %d of packet %d is %v and %v, not %v and %v", i, n, l, r, want[2*i], want[2*i+1])
			}
		}
		if pcm.Level(rest) < 60 {
			turned++
		} else {
			straight++
		}
	}
	if turned < 30 || straight < 70 {
		t.Errorf("%d packets are opposites, and %d are not", turned, straight)
	}
}

// TestSetMono codes the same sound in both channels as one, and as two again: in a packet after
// the call.
func TestSetMono(t *testing.T) {
	enc, err := opus.NewStereoEncoder(64_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	frame, packet := make([]float32, 2*pcm.Samples), make([]byte, 1275)
	for i := range frame {
		frame[i] = float32(0.3 * math.Sin(float64(i/2)/10) * float64(1+i%2))
	}
	for _, mono := range []bool{true, false, true} {
		if err := enc.SetMono(mono); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := enc.Encode(packet, frame); err != nil {
				t.Fatal(err)
			}
		}
		if coded := packet[0]&4 == 0; coded != mono { // RFC 6716 §3.1
			t.Errorf("mono is %v after it was set to %v", coded, mono)
		}
	}
	one, err := opus.NewEncoder(64_000)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	one.CopyState(enc) // which has more memory
	if _, err := one.Encode(packet, frame[:pcm.Samples]); err != nil {
		t.Error(err)
	}
	if _, err := one.Encode(packet, frame); err == nil {
		t.Error("one channel takes two")
	}
}
