package worker

import (
	"image"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
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
	ears    ears // that decode sound
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
		switch r.task {
		case decode:
			d.answer(b.decode(&r))
		case listen:
			d.answer(b.ears.listen(b.tenant, b.mem.unit(b.slot), b.mem.sounds(b.slot), r.length))
		default:
			d.answer(reply{result: none})
		}
	}
}

// close ends the decoders.
func (b *desk) close() {
	if b.dec != nil {
		_ = b.dec.Close()
	}
	b.dec, b.scaler = nil, fit.Scaler{}
	b.ears.close()
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

// ears are a slot's decoders of sound, in a worker.
type ears struct {
	voices []codec.AudioDecoder // by number; nil: none
	mono   []float32            // one packet's
}

// sidesDecoder is a decoder that also returns what mono leaves out of stereo; see opus.Decoder.Sides.
type sidesDecoder interface {
	Sides(mono, side, rest []float32) (stereo bool)
}

// listen does what orders say, one after the other. It says after each that it is done, so that the server may
// take what there is.
func (e *ears) listen(t *tenant, unit []byte, sounds []float32, n int) reply {
	if n > mostOrders {
		return reply{result: failed}
	}
	if e.mono == nil {
		e.mono = make([]float32, longest)
	}
	for i := range n {
		var o order
		if !o.get(unit, i, len(sounds)) {
			return reply{result: failed}
		}
		unit[resultsAt+i] = byte(e.decode(t, &o, unit[o.at:][:o.length], sounds))
		doneOf(unit).Store(uint32(i + 1))
	}
	return reply{result: heard}
}

// decode does what one order says.
func (e *ears) decode(t *tenant, o *order, packet []byte, sounds []float32) sound {
	dec := e.voice(t, o)
	if dec == nil {
		return spoiled
	}
	mono := e.mono[:o.samples]
	if o.recovers {
		if dec.Recover(mono, packet) != nil {
			return spoiled
		}
	} else if n, err := dec.Decode(e.mono, packet); err != nil || n != o.samples {
		return spoiled
	}
	if o.dropped {
		return decoded
	}
	copy(o.row(sounds, 0), mono)
	if s, ok := dec.(sidesDecoder); ok && o.wide && s.Sides(nil, nil, nil) {
		s.Sides(mono, o.row(sounds, 1), o.row(sounds, 2))
		return sided
	}
	return decoded
}

// voice returns the decoder that an order means, or nil where none can be made.
func (e *ears) voice(t *tenant, o *order) codec.AudioDecoder {
	for len(e.voices) <= o.voice {
		e.voices = append(e.voices, nil)
	}
	at := &e.voices[o.voice]
	if *at != nil && !o.anew {
		return *at
	}
	if *at != nil {
		_ = (*at).Close()
	}
	*at = nil
	if dec, err := t.newVoice(); err == nil {
		*at = dec
	}
	return *at
}

// newVoice returns a decoder of Opus.
func (t *tenant) newVoice() (codec.AudioDecoder, error) {
	if t.NewVoice != nil {
		return t.NewVoice()
	}
	return opus.NewDecoder()
}

// close ends all decoders.
func (e *ears) close() {
	for _, dec := range e.voices {
		if dec != nil {
			_ = dec.Close()
		}
	}
	*e = ears{}
}
