package h264_test

import (
	"errors"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
)

// TestMarkLoss: what depends on a missing access unit is refused, the next IDR
// is shown.
func TestMarkLoss(t *testing.T) {
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: 160, Height: 96, FrameRate: 30, Bitrate: 200_000})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := h264.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	for i, step := range []struct{ loss, key, shown bool }{
		{false, true, true}, {false, false, true}, {true, false, false}, {false, false, false}, {false, true, true},
	} {
		if step.key {
			enc.ForceKeyFrame()
		}
		au, err := enc.Encode(codectest.Picture(160, 96, i), time.Duration(i)*time.Second/30)
		if err != nil {
			t.Fatal(err)
		}
		if step.loss {
			dec.MarkLoss()
		}
		img, err := dec.Decode(au.Data)
		if (img != nil) != step.shown || errors.Is(err, codec.ErrCorrupt) == step.shown {
			t.Errorf("access unit %d: picture %v, error %v", i, img != nil, err)
		}
	}
}
