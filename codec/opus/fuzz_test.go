package opus_test

import (
	"errors"
	"math"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
)

func FuzzDecode(f *testing.F) {
	sound := codectest.Voice(4)
	e := newEncoder(f, 32_000)
	if err := e.SetPacketLoss(20); err != nil {
		f.Fatal(err)
	}
	for i := range 4 {
		f.Add(encode(f, e, sound[i*pcm.Samples:]))
	}
	f.Add([]byte{0xfb, 0x03, 1, 2, 3})
	f.Add([]byte{0x08})
	good := encode(f, newEncoder(f, 32_000), sound)
	f.Fuzz(func(t *testing.T, packet []byte) {
		d, dst := newDecoder(t), make([]float32, 5760)
		for range 2 {
			n, err := d.Decode(dst, packet)
			if err != nil && !errors.Is(err, codec.ErrCorrupt) || err == nil && (n <= 0 || n%120 != 0) {
				t.Fatalf("%d samples, error %v", n, err)
			}
			wantFinite(t, dst[:n])
			if err := d.Recover(dst[:pcm.Samples], packet); err != nil {
				t.Fatalf("recover: %v", err)
			}
			wantFinite(t, dst[:pcm.Samples])
		}
		if n, err := d.Decode(dst, good); err != nil || n != pcm.Samples {
			t.Fatalf("good packet: %d samples, error %v", n, err)
		}
	})
}

// wantFinite fails for what would spoil a sum for ever.
func wantFinite(t *testing.T, sound []float32) {
	t.Helper()
	for i, v := range sound {
		if v != v || math.Abs(float64(v)) > 1e6 {
			t.Fatalf("sample %d is %v", i, v)
		}
	}
}
