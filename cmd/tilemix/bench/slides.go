package bench

import (
	"fmt"
	"image"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
)

var slideSize = image.Pt(1920, 1080)

const (
	// stillFor is how many seconds of a still slide are encoded. It repeats behind a key frame.
	stillFor = 600
	// moves is how many pictures a moving slide has.
	moves = 30
	// slideBitrate is enough for each picture of a screen of 1080p that moves all over, bits a second.
	slideBitrate = 8_000_000
	// stillBitrate is so much that the first picture of a slide is as sharp as it gets: browsers refine a slide
	// before they send one picture a second.
	stillBitrate = 40_000_000
)

// newDeck encodes a slide as a browser sends it: one picture a second while it stands still, and
// 30 while it moves.
func newDeck(size image.Point) (*deck, error) {
	d := &deck{clip: &bot.Clip{FrameRate: frameRate, Keys: make([]bool, stillFor*frameRate)}}
	d.clip.Keys[0] = true
	img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	page(img)
	var err error
	if d.still, err = encodeSlide(img, stillBitrate, 1, 8, func(int) error { return nil }); err != nil {
		return nil, err
	}
	for len(d.still.Pictures) < stillFor { // the last one changes nothing
		d.still.Pictures = append(d.still.Pictures, d.still.Pictures[len(d.still.Pictures)-1])
	}
	draw := scenery()
	if d.moving, err = encodeSlide(img, slideBitrate, frameRate, moves, func(n int) error { return draw(img, n) }); err != nil {
		return nil, err
	}
	loop := d.moving.Pictures
	for len(d.moving.Pictures) < len(d.clip.Keys) {
		d.moving.Pictures = append(d.moving.Pictures, loop...)
	}
	d.clip.Full = d.still
	return d, nil
}

// encodeSlide encodes n pictures at a bitrate and a frame rate, of which the first is a key frame. Next changes
// the picture.
func encodeSlide(img *image.YCbCr, bitrate, rate, n int, next func(n int) error) (*bot.Variant, error) {
	size := img.Rect.Size()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: frameRate, Bitrate: bitrate})
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	v := &bot.Variant{Size: size, Bitrate: bitrate, Every: frameRate / rate}
	for i := range n {
		if err := next(i); err != nil {
			return nil, err
		}
		au, err := enc.Encode(img, time.Duration(i)*time.Second/frameRate)
		if err != nil {
			return nil, err
		}
		if len(au.Data) == 0 {
			return nil, fmt.Errorf("encode a slide: rate control left out picture %d", i)
		}
		v.Pictures = append(v.Pictures, bot.Packetize(au.Data))
	}
	return v, nil
}

// page draws what looks like a page of small text: strokes of two pixels in lines of twelve.
func page(img *image.YCbCr) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		row := img.Y[y*img.YStride:][:w]
		for x := range row {
			row[x] = 235
			word, stroke := uint32(y/18*131+x/9)*2654435761, uint(x%9/2*4+y%18/3)
			if y%18 < 12 && x > 24 && x < w-24 && word>>28 > 2 && word>>(stroke%28)&1 == 1 {
				row[x] = 30
			}
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
}
