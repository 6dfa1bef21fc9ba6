package bench

import (
	"fmt"
	"image"
	"runtime"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// Alone is what views cost by themselves, in ms of CPU a second.
type Alone struct {
	Compose float64 `json:"compose"` // cameras scaled to their tiles, and drawn
	Encode  float64 `json:"encode"`
}

// budget is what such views may cost a server, in ms of CPU a second.
func (a *Alone) budget() float64 { return 1.15 * (a.Encode + a.Compose) }

func (a *Alone) add(b Alone) {
	a.Compose += b.Compose
	a.Encode += b.Encode
}

// timeView times, on this thread, what a view of some tiles costs: each camera's picture scaled to its
// tile and drawn, and the canvas encoded. Cameras are decoded in between, so caches are as cold as
// in a server. shown has what the camera of each tile sends.
func timeView(f *film, shown []*bot.Variant, tiles []layout.Tile) (cost Alone, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	canvas, err := video.NewCompositor(filmSize, nil)
	if err != nil {
		return cost, err
	}
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: filmSize.X, Height: filmSize.Y, FrameRate: frameRate, Bitrate: full.Bitrate})
	if err != nil {
		return cost, err
	}
	defer enc.Close()
	cameras := make([]lens, len(tiles))
	for i := range cameras {
		if cameras[i].decoder, err = h264.NewDecoder(limit.Limits{}); err != nil {
			return cost, err
		}
		defer cameras[i].decoder.Close()
		cameras[i].tile = video.Tile{ID: fmt.Sprint(i), Name: fmt.Sprint("bot ", i), Rect: tiles[i].Rect}
	}
	const warm, pictures = 10, 90
	drawn := make([]video.Tile, len(tiles))
	for n := range warm + pictures {
		for i, variant := range shown {
			units := f.units[variant]
			if cameras[i].img, err = cameras[i].decoder.Decode(units[n%len(units)]); err != nil {
				return cost, err
			}
		}
		start := threadTime()
		for i := range cameras {
			drawn[i] = cameras[i].scaled()
		}
		canvas.Compose(drawn)
		composed := threadTime()
		if _, err := enc.Encode(canvas.Canvas(), time.Duration(n)*time.Second/frameRate); err != nil {
			return cost, err
		}
		if n >= warm {
			cost.Compose += (composed - start).Seconds() * 1000 * frameRate / pictures
			cost.Encode += (threadTime() - composed).Seconds() * 1000 * frameRate / pictures
		}
	}
	return cost, nil
}

// lens is a camera of a view that is timed.
type lens struct {
	decoder *h264.Decoder
	img     *image.YCbCr // the newest picture, as it was sent
	picture *image.YCbCr // the same in its tile's size
	scaler  yuv.Scaler
	tile    video.Tile
}

// scaled returns the tile with the newest picture.
func (l *lens) scaled() video.Tile {
	crop, place := layout.Fit(l.img.Rect.Size(), l.tile.Rect)
	if l.picture == nil || l.picture.Rect.Size() != place.Size() {
		l.picture = image.NewYCbCr(image.Rectangle{Max: place.Size()}, image.YCbCrSubsampleRatio420)
	}
	src := yuv.View(l.img, crop)
	l.scaler.Scale(l.picture, &src)
	l.tile.Picture = l.picture
	l.tile.Version++
	return l.tile
}
