package h264_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
)

// nals cuts an Annex B stream into NAL units without start codes.
func nals(stream []byte) [][]byte {
	var out [][]byte
	for i, part := range bytes.Split(stream, []byte{0, 0, 1}) {
		if i > 0 {
			out = append(out, bytes.TrimRight(part, "\x00"))
		}
	}
	return out
}

func TestParameterSets(t *testing.T) {
	for _, test := range []struct {
		w, h, fps, bitrate int
		level              byte
	}{
		{1280, 720, 30, 1_500_000, 31},
		{640, 360, 30, 500_000, 30},
		{320, 180, 30, 150_000, 13},
		{320, 180, 10, 100_000, 11},
		{176, 144, 15, 60_000, 10},
		{494, 370, 30, 600_000, 30},
		{1280, 720, 60, 3_000_000, 32},
		{1920, 1080, 30, 4_000_000, 40},
		{1280, 720, 15, 1_000_000, 31},
		{1280, 32, 30, 300_000, 22},
	} {
		t.Run(fmt.Sprint(test.w, "x", test.h, "@", test.fps), func(t *testing.T) {
			e, err := newEncoder(codec.VideoConfig{Width: test.w, Height: test.h, FrameRate: test.fps, Bitrate: test.bitrate})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for n := range 3 {
				e.(codec.KeyFrameForcer).ForceKeyFrame()
				au, err := e.Encode(codectest.Picture(test.w, test.h, n), time.Duration(n)*time.Second/30)
				if err != nil {
					t.Fatal(err)
				}
				wantSets(t, au, test.level)
			}
		})
	}
}

// wantSets expects an IDR of one slice after its parameter sets, in constrained
// baseline (constraint_set1_flag, H.264 §A.2.1.1) and at the level.
func wantSets(t *testing.T, au codec.AccessUnit, level byte) {
	t.Helper()
	units := nals(au.Data)
	if !au.Key || len(units) != 3 || units[0][0]&31 != 7 || units[1][0]&31 != 8 || units[2][0]&31 != 5 {
		t.Fatalf("key %v, %d NAL units in an IDR", au.Key, len(units))
	}
	sps := units[0]
	if sps[1] != 66 || sps[2]&0x40 == 0 || sps[3] != level {
		t.Errorf("profile %d, constraints %#x, level %d; want 66, bit 0x40, %d", sps[1], sps[2], sps[3], level)
	}
}

func TestDeltaIsOneSlice(t *testing.T) {
	e, err := newEncoder(codec.VideoConfig{Width: 640, Height: 360, FrameRate: 30, Bitrate: 500_000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for n := range 10 {
		au, err := e.Encode(codectest.Picture(640, 360, n), time.Duration(n)*time.Second/30)
		if err != nil {
			t.Fatal(err)
		}
		if units := nals(au.Data); n > 0 && (len(units) != 1 || units[0][0]&31 != 1) {
			t.Fatalf("access unit %d has %d NAL units", n, len(units))
		}
	}
}

// TestCutsMakeNoKeyFrame shows two unlike pictures in turn: key frames are made
// on demand only.
func TestCutsMakeNoKeyFrame(t *testing.T) {
	e, err := newEncoder(codec.VideoConfig{Width: 320, Height: 180, FrameRate: 30, Bitrate: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a, b := codectest.Picture(320, 180, 0), codectest.Picture(320, 180, 0)
	for i := range b.Y {
		b.Y[i] = 255 - b.Y[i]
	}
	for n := range 60 {
		img := a
		if n/10%2 == 1 {
			img = b
		}
		au, err := e.Encode(img, time.Duration(n)*time.Second/30)
		if err != nil {
			t.Fatal(err)
		}
		if au.Key != (n == 0) || len(au.Data) == 0 {
			t.Fatalf("picture %d: key %v, %d bytes", n, au.Key, len(au.Data))
		}
	}
}
