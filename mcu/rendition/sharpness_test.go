package rendition

import (
	"testing"
	"time"

	"tilemix/mcu/ladder"
)

// TestSharpen shows something new, and then nothing: the picture is encoded some times more as soon as it stands
// still, where that is wished for. What a sender repeats, and pictures that move, do not make it begin again.
func TestSharpen(t *testing.T) {
	const average = 1000 // bytes of a picture
	for _, c := range []struct {
		what         string
		on           bool
		every, first int // a new picture comes at one tick of so many; bytes of the first
		encodes      int // in two seconds
	}{
		{"a slide", true, 60, 10 * average, 1 + again + 1},
		{"a slide with nothing wished", false, 60, 10 * average, 1 + 1},
		{"a slide that is repeated", true, 60, average, 1 + 1},
		{"a slide at 6 a second", true, 5, 10 * average, 12 + again},
		{"a film", true, 1, 10 * average, 60},
	} {
		b := newBench(t, &script{})
		b.rung = ladder.Rung{Every: 1, FrameRate: 30, Bitrate: average * 8 * 30}
		b.Sharpen(c.on)
		b.AddTaker()
		encodes := 0
		for tick := range 60 {
			now := epoch.Add(time.Duration(tick) * time.Second / 30)
			if tick%c.every == 0 {
				b.Touch()
			}
			if !b.Due(now, tick) {
				continue
			}
			b.enc.au = unit(average, false)
			if encodes == 0 {
				b.enc.au = unit(c.first, false)
			}
			if _, ok := b.Take(b.Encode(nil, now)); !ok {
				t.Fatal("no packets")
			}
			encodes++
		}
		if encodes != c.encodes {
			t.Errorf("%s: %d encodes in two seconds, want %d", c.what, encodes, c.encodes)
		}
	}
}
