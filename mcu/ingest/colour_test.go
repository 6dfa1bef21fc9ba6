package ingest_test

import (
	"image"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// tinted is a decoder of a stream that says what its samples mean.
type tinted struct {
	still
	colour yuv.Colour
}

func (d tinted) Colour() yuv.Colour { return d.colour }

// TestVideoColour shows cameras of several colour encodings in tiles of several
// sizes: all come out as the canvas has them, and the decoder's picture stays.
func TestVideoColour(t *testing.T) {
	for name, colour := range map[string]yuv.Colour{
		"as the canvas": {},
		"full range":    {FullRange: true},
		"BT.709":        {BT709: true},
		"both":          {FullRange: true, BT709: true},
	} {
		for _, tile := range []image.Point{{640, 360}, {320, 180}} {
			t.Run(name+" "+tile.String(), func(t *testing.T) {
				sent := codectest.Picture(640, 360, 0)
				v := ingest.NewVideo(ingest.VideoConfig{
					Joiner:  &payload.H264Joiner{},
					Turns:   make(chan struct{}, 1),
					Decoder: tinted{still{sent}, colour}, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
					Reassembled: unobserved{}, Decoded: unobserved{},
				})
				defer v.Release()
				v.Show(tile, nil, epoch)
				for _, p := range packets(0, clip(2)...) {
					v.Push(&p, epoch)
				}
				want := image.NewYCbCr(image.Rectangle{Max: tile}, image.YCbCrSubsampleRatio420)
				yuv.Scale(want, codectest.Picture(640, 360, 0))
				yuv.ToCanvas(want, colour)
				got, _ := v.Picture(nil, epoch)
				if got == nil || codectest.PSNR(&got.YCbCr, want) < 90 {
					t.Error("the picture has other colours")
				}
				if codectest.PSNR(sent, codectest.Picture(640, 360, 0)) < 90 {
					t.Error("the decoder's picture was changed")
				}
			})
		}
	}
}
