package gateway

import (
	"bytes"
	"fmt"
	"image"

	"tilemix/codec"
	"tilemix/codec/h264"
)

const (
	// trialTime is how long the beginning of a stream is decoded on trial, in ticks of streamRate.
	trialTime = 2 * streamRate
	// trialUnits is how many access units a decoder may keep back before the first picture: 16
	// reference pictures (H.264 §A.3.1).
	trialUnits = 17

	nalSPS = 7 // H.264 Table 7-1
)

// errBlank says that there are access units, but no pictures.
var errBlank = fmt.Errorf("%w: it shows no picture in its first 2 s", h264.ErrUnreadable)

// newDecoder is [mcu.Server.NewDecoder].
type newDecoder func(codec.Kind) (codec.VideoDecoder, error)

// trial decodes the beginning of a stream, because OpenH264 does not read all H.264. It decodes where
// cameras are decoded: in a codec worker, unless there are none. It belongs to
// the goroutine that reads the stream. Its decoder ends with the first picture.
type trial struct {
	newDecoder
	forms   bool               // the server's decoder reads all forms of H.264
	largest image.Point        // picture that the server's decoder takes, in pixels
	dec     codec.VideoDecoder // nil: before the first access unit, and after the first picture
	set     []byte             // sequence parameter set that was judged
	units   int                // access units of the trial
	first   int64              // timestamp of the first
	passed  bool
	au      []byte
}

// newTrial returns one of a stream that begins.
func newTrial(g *Gateway) trial {
	return trial{newDecoder: g.decoder, forms: g.cfg.AllForms, largest: g.cfg.MaxSource}
}

// judge takes the next access unit. It returns an error that wraps [h264.ErrUnreadable] if the stream
// has to be encoded anew. After it returned nil, passed says whether a picture was decoded.
func (t *trial) judge(at int64, nals [][]byte) error {
	for _, nal := range nals {
		if len(nal) == 0 || nal[0]&0x1f != nalSPS || bytes.Equal(nal, t.set) {
			continue
		}
		if err := h264.Readable(nal); err != nil && !t.forms {
			return err
		}
		if w, h, err := h264.Size(nal); err == nil && blocks(w)*blocks(h) > blocks(t.largest.X)*blocks(t.largest.Y) {
			return fmt.Errorf("%w: its pictures of %dx%d are larger than %dx%d", h264.ErrUnreadable, w, h, t.largest.X, t.largest.Y)
		}
		t.set = append(t.set[:0], nal...)
	}
	if t.passed {
		return nil
	}
	return t.decode(at, nals)
}

// blocks returns the samples of a side as it is coded, in whole macroblocks.
func blocks(pixels int) int { return (pixels + 15) / 16 * 16 }

// decode decodes an access unit.
func (t *trial) decode(at int64, nals [][]byte) error {
	if t.units++; t.units == 1 {
		t.first = at
		var err error
		if t.dec, err = t.newDecoder(codec.H264); err != nil {
			return err
		}
	}
	t.au = t.au[:0]
	for _, nal := range nals {
		t.au = append(append(t.au, 0, 0, 0, 1), nal...)
	}
	pic, err := t.dec.Decode(t.au)
	if pic != nil {
		t.passed = true
		t.end()
		return nil
	}
	if at-t.first < trialTime || err == nil && t.units < trialUnits {
		return nil
	}
	return errBlank
}

// over returns an error if the stream has ended before the first picture was decoded.
func (t *trial) over() error {
	if t.units > 0 && !t.passed {
		return errBlank
	}
	return nil
}

// end frees the decoder. It may be called twice.
func (t *trial) end() {
	if t.dec != nil {
		_ = t.dec.Close()
		t.dec, t.au = nil, nil
	}
}

// within returns the filter that scales a picture down to 1280 pixels on its longer side, or less if the
// server takes less.
func within(largest image.Point) string {
	side := min(1280, largest.X, largest.Y)
	return fmt.Sprintf("scale='min(%d,iw)':'min(%d,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bilinear", side, side)
}
