package worker

import (
	"image"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
)

// desk is where a worker serves one slot, in a goroutine of its own.
type desk struct {
	*tenant
	slot    int
	dec     codec.VideoDecoder // nil: none
	memory  *limit.Memory      // that it holds
	failure error              // of making it
	scaler  fit.Scaler
}

// work answers the server until the process ends.
func (b *desk) work() {
	d := b.mem.door(b.slot)
	for {
		d.asked()
		var r request
		if !r.get(d.request) {
			d.answer(reply{result: failed})
			continue
		}
		if r.task == shut || r.anew {
			b.close()
		}
		if r.task == decode {
			d.answer(b.decode(&r))
		} else {
			d.answer(reply{result: none})
		}
	}
}

// close ends the decoder.
func (b *desk) close() {
	if b.dec != nil {
		_ = b.dec.Close()
	}
	b.dec, b.scaler = nil, fit.Scaler{}
}

// decode decodes the slot's access unit, and leaves what the server wants to see of its picture.
func (b *desk) decode(r *request) reply {
	if r.anew {
		b.memory = limit.NewMemory(b.claims)
		b.dec, b.failure = b.NewDecoder(r.kind, limit.Limits{Pixels: b.pixels, Memory: b.memory})
	}
	if b.dec == nil || b.failure != nil {
		return reply{result: failed}
	}
	if m, ok := b.dec.(codec.LossMarker); ok && r.lost {
		m.MarkLoss()
	}
	img, err := b.dec.Decode(b.mem.unit(b.slot)[:r.length])
	a := reply{result: none, held: b.memory.Held()}
	switch {
	case err != nil:
		a.result = resultOf(err)
	case img != nil:
		a.result = b.draw(img, &r.wanted)
		a.width, a.height = img.Rect.Dx(), img.Rect.Dy()
		a.flags = flagsOf(fit.ColourOf(b.dec))
	}
	return a
}

// draw leaves a picture for each tile in the slot, or the whole one.
func (b *desk) draw(img *image.YCbCr, w *fit.Wanted) result {
	source := img.Rect.Size()
	dst := b.mem.pictures(b.slot)
	if end(w, source) > len(dst) {
		return tooLarge
	}
	if w.Tiles == ([fit.Most]image.Point{}) {
		whole := lay(dst, source.X, source.Y)
		yuv.Copy(&whole, img)
		return picture
	}
	for i := range w.Tiles {
		at, place := spot(w, source, i)
		if place == (image.Point{}) {
			continue
		}
		tile := lay(dst[at:], place.X, place.Y)
		b.scaler.Scale(&tile, img, w, i, fit.ColourOf(b.dec))
	}
	return picture
}
