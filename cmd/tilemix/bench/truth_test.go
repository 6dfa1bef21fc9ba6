package bench

import (
	"bytes"
	"image"
	"math"
	"testing"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mixer/layout"
)

// encoded encodes pictures of filmSize.
func encoded(t *testing.T, pictures []*image.YCbCr) (units [][]byte) {
	t.Helper()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: filmSize.X, Height: filmSize.Y, FrameRate: frameRate, Bitrate: full.Bitrate})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	for n, img := range pictures {
		au, err := enc.Encode(img, time.Duration(n)*time.Second/frameRate)
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, bytes.Clone(au.Data))
	}
	return units
}

// TestTruth judges a mix of one tile that shows a picture twice and leaves one out. Where the
// tile is two pixels out of its place, that is seen.
func TestTruth(t *testing.T) {
	tile := image.Rect(16, 16, 634, 364)
	var sent []*image.YCbCr
	draw := scenery()
	for n := range 6 {
		img := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
		if err := draw(img, n); err != nil {
			t.Fatal(err)
		}
		barcode.Paint(img, n)
		sent = append(sent, img)
	}
	variant := &bot.Variant{}
	f := &film{clip: &bot.Clip{Full: variant}, units: map[*bot.Variant][][]byte{variant: encoded(t, sent)}}
	judge := func(shift int) *Quality {
		var mix []*image.YCbCr
		for _, n := range []int{0, 1, 1, 3, 4, 5} {
			canvas := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
			yuv.Fill(canvas, 40, 128, 128)
			crop, place := layout.Fit(filmSize, tile)
			dst, src := yuv.View(canvas, place.Add(image.Pt(shift, 0))), yuv.View(sent[n], crop)
			yuv.Scale(&dst, &src)
			mix = append(mix, canvas)
		}
		start := time.Unix(1000, 0)
		var units []bot.Unit
		for n, data := range encoded(t, mix) {
			units = append(units, bot.Unit{Data: data, At: start.Add(time.Duration(n) * time.Second / frameRate)})
		}
		at := &places{names: map[string]string{"1": "a camera"}}
		at.since = []arrangement{{start, []control.Tile{{ID: "1", X: tile.Min.X, Y: tile.Min.Y, Width: tile.Dx(), Height: tile.Dy()}}}}
		checked := &truth{film: f, places: at, delays: map[string]time.Duration{"a camera": 15 * time.Millisecond}, seen: warmup}
		q, err := checked.judge(units, window{start, start.Add(time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d pixels out of place: %+v", shift, q)
		return q
	}
	q := judge(0)
	if q.Judder[15] != 40 || len(q.Judder) != 1 {
		t.Errorf("%v %% were shown twice or left out, and 2 of 5 were", q.Judder)
	}
	if q.Encoder < 30 || math.Abs(q.Mix-q.Encoder) > 1.5 {
		t.Errorf("the mix is %.1f dB, the encoder alone %.1f", q.Mix, q.Encoder)
	}
	if q := judge(2); q.Mix > q.Encoder-3 {
		t.Errorf("two pixels out of place the mix is %.1f dB, the encoder alone %.1f", q.Mix, q.Encoder)
	}
}

// TestLanczos shrinks a plane of one value and a ramp.
func TestLanczos(t *testing.T) {
	src := image.NewYCbCr(image.Rect(0, 0, 96, 54), image.YCbCrSubsampleRatio420)
	dst := image.NewYCbCr(image.Rect(0, 0, 32, 18), image.YCbCrSubsampleRatio420)
	yuv.Fill(src, 16, 90, 200)
	for i := range src.Y {
		src.Y[i] = uint8(20 + 2*(i%96))
	}
	lanczos(dst, src)
	for i, v := range dst.Y {
		if x := i % 32; x > 3 && x < 28 && v != uint8(22+6*x) {
			t.Fatalf("column %d is %d, not %d", x, v, 22+6*x)
		}
	}
	for i := range dst.Cb {
		if dst.Cb[i] != 90 || dst.Cr[i] != 200 {
			t.Fatalf("chroma %d is %d, %d", i, dst.Cb[i], dst.Cr[i])
		}
	}
}
