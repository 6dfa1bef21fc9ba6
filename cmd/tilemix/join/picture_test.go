package join

import (
	"image"
	"testing"
	"time"
)

func TestFit(t *testing.T) {
	for _, c := range []struct{ size, tile, want image.Point }{
		{image.Pt(1280, 720), image.Pt(320, 180), image.Pt(320, 180)},
		{image.Pt(640, 480), image.Pt(320, 180), image.Pt(320, 240)}, // fills it
		{image.Pt(480, 640), image.Pt(320, 180), image.Pt(136, 180)}, // lies within
		{image.Pt(320, 240), image.Pt(1280, 720), image.Pt(320, 240)},
		{image.Pt(641, 481), image.Point{}, image.Pt(640, 480)},
		{image.Pt(1280, 720), image.Pt(4, 4), image.Pt(16, 16)},
	} {
		if w, h := fit(c.size, c.tile); image.Pt(w, h) != c.want {
			t.Errorf("%v for a tile of %v is %dx%d, not %v", c.size, c.tile, w, h, c.want)
		}
	}
}

// TestSpend has an encoder that makes pictures of three times what they may be.
func TestSpend(t *testing.T) {
	const bitrate = 480_000
	var p picture
	sent := 0
	began := time.Unix(1000, 0)
	for i := range 300 {
		now := began.Add(time.Duration(i) * time.Second / 30)
		if p.free.Sub(now) > most {
			continue
		}
		p.spend(3*bitrate/30/8, bitrate, now)
		sent += 3 * bitrate / 30
	}
	if rate := sent / 10; rate < bitrate*9/10 || rate > bitrate*11/10 {
		t.Errorf("%d bit/s", rate)
	}
}
