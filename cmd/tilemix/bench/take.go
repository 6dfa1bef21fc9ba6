package bench

import (
	"bytes"
	"image"
	"slices"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/yuv"
	"tilemix/mcu/uplink"
)

// take is a film as it is being encoded for one wish.
type take struct {
	wish    uplink.Constraints
	enc     *h264.Encoder
	img     *image.YCbCr
	scaler  yuv.Scaler
	variant *bot.Variant
	units   [][]byte
}

// takes begins one for each wish that differs as cameras see it. The caller closes
// them.
func (f *film) takes(wishes []uplink.Constraints) ([]*take, error) {
	var all []*take
	for _, w := range wishes {
		w = camera(w)
		if slices.ContainsFunc(all, func(t *take) bool { return t.wish == w }) {
			continue
		}
		enc, err := h264.NewEncoder(codec.VideoConfig{
			Width: w.Size.X, Height: w.Size.Y, FrameRate: w.FrameRate, Bitrate: w.Bitrate,
		})
		if err != nil {
			return all, err
		}
		all = append(all, &take{
			wish: w, enc: enc,
			img:     image.NewYCbCr(image.Rectangle{Max: w.Size}, image.YCbCrSubsampleRatio420),
			variant: &bot.Variant{Size: w.Size, Bitrate: w.Bitrate, Every: frameRate / w.FrameRate},
		})
	}
	return all, nil
}

func closeAll(takes []*take) {
	for _, t := range takes {
		_ = t.enc.Close()
	}
}

// add encodes a picture of the film, if the take has it.
func (t *take) add(img *image.YCbCr, n int) error {
	if n%t.variant.Every != 0 {
		return nil
	}
	t.scaler.Scale(t.img, img)
	if n%keyEvery == 0 {
		t.enc.ForceKeyFrame()
	}
	au, err := t.enc.Encode(t.img, time.Duration(n)*time.Second/frameRate)
	if err != nil {
		return err
	}
	t.units = append(t.units, bytes.Clone(au.Data))
	t.variant.Pictures = append(t.variant.Pictures, bot.Packetize(au.Data))
	return nil
}
