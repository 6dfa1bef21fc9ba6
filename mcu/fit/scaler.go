package fit

import (
	"image"

	"tilemix/codec"
	"tilemix/codec/yuv"
)

// Scaler scales one source's pictures to its tiles. It keeps tables for each, so a stream allocates
// once. The zero value is ready. It is not safe for concurrent use.
type Scaler struct{ tiles [Most]yuv.Scaler }

// Scale draws on dst, which has the size of Wanted.Place, what tile i shows of img in its colours.
func (s *Scaler) Scale(dst, img *image.YCbCr, w *Wanted, i int, from yuv.Colour) {
	source := img.Rect.Size()
	crop, _ := w.fit(i, source)
	src := yuv.View(img, snap(source, crop, dst.Rect.Size()).Add(img.Rect.Min))
	s.tiles[i].Scale(dst, &src)
	yuv.ToCanvas(dst, from)
}

// ColourOf returns the colours of a decoder's last picture.
func ColourOf(dec codec.VideoDecoder) yuv.Colour {
	if d, ok := dec.(codec.ColourTeller); ok {
		return d.Colour()
	}
	return yuv.Colour{}
}

// Local scales the pictures of a decoder in this process. It belongs to the decoder's goroutine.
type Local struct {
	Decoder codec.VideoDecoder

	scaler Scaler
	wanted Wanted       // during DecodeTiles
	img    *image.YCbCr // the decoder's last
}

// DecodeTiles decodes an access unit as codec.VideoDecoder says, and scales its picture.
func (l *Local) DecodeTiles(au []byte, w Wanted, pool *yuv.Pool) (Picture, error) {
	img, err := l.Decoder.Decode(au)
	if err != nil || img == nil {
		return Picture{}, err
	}
	l.img, l.wanted = img, w
	return l.wanted.Gather(pool, img.Rect.Size(), l), nil
}

// Draw draws what a tile shows of the last picture.
func (l *Local) Draw(dst *image.YCbCr, i int) {
	l.scaler.Scale(dst, l.img, &l.wanted, i, ColourOf(l.Decoder))
}

const (
	// maxSnap is how much more of a picture's side may be cut off, in per cent, to
	// copy the rest.
	maxSnap = 2
	// leastSnap is how much of a whole picture has to be left then, in per cent.
	leastSnap = 90
)

// snap returns the middle of crop that is exactly as large as the place, where hardly
// anything is lost by it: what an encoder rounded up when it was asked for the place's
// size. It is only copied, and without the blur of a small step it is sharper. A picture of
// the size whole that was cropped to the tile's shape before loses no more.
func snap(whole image.Point, crop image.Rectangle, place image.Point) image.Rectangle {
	have := crop.Size()
	cut := have.Sub(place)
	if cut.X < 0 || cut.Y < 0 || cut.X*100 > have.X*maxSnap || cut.Y*100 > have.Y*maxSnap ||
		place.X*place.Y*100 < whole.X*whole.Y*leastSnap {
		return crop
	}
	at := crop.Min.Add(image.Pt(cut.X/2&^1, cut.Y/2&^1))
	return image.Rectangle{Min: at, Max: at.Add(place)}
}
