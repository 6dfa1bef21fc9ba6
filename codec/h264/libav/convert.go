package libav

import "image"

// samples are the plane of a picture of any depth, whose rows are stride bytes apart.
type samples struct {
	bytes         []byte
	stride, shift int // bits that a sample has more than 8
}

// at returns a sample, in 8 bits.
func (s *samples) at(x, y int) int {
	if s.shift == 0 {
		return int(s.bytes[y*s.stride+x])
	}
	b := s.bytes[y*s.stride+2*x:]
	return min((int(b[0])|int(b[1])<<8+1<<(s.shift-1))>>s.shift, 255)
}

// convert makes 8 bits and 4:2:0 of the last picture. A sample of chroma is the mean of those that it stands
// for. A picture without chroma becomes grey.
func (d *Decoder) convert(w, h int) *image.YCbCr {
	cw, ch := (w+1)/2, (h+1)/2
	if d.made.Rect.Dx() != w || d.made.Rect.Dy() != h {
		d.made = *image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	}
	luma := d.samples(0, w, h)
	for y := range h {
		row := d.made.Y[y*d.made.YStride:][:w]
		for x := range row {
			row[x] = byte(luma.at(x, y))
		}
	}
	right, below := 1-int(d.got.across), 1-int(d.got.down)
	for i, dst := range [][]byte{d.made.Cb, d.made.Cr} {
		if d.got.colours == 0 {
			for n := range dst {
				dst[n] = 128
			}
			continue
		}
		sw, sh := cw, ch
		if right == 1 {
			sw = w
		}
		if below == 1 {
			sh = h
		}
		src := d.samples(1+i, sw, sh)
		for y := range ch {
			row := dst[y*d.made.CStride:][:cw]
			for x := range row {
				row[x] = byte(mean(&src, x<<right, y<<below, min(right, sw-1-x<<right), min(below, sh-1-y<<below)))
			}
		}
	}
	d.pic = d.made
	return &d.pic
}

// mean returns the mean of a sample, of that right of it, those below them, where right and below are 1.
func mean(s *samples, x, y, right, below int) int {
	if right+below == 0 {
		return s.at(x, y)
	}
	return (s.at(x, y) + s.at(x+right, y) + s.at(x, y+below) + s.at(x+right, y+below) + 2) / 4
}

// samples returns a plane of a size in samples.
func (d *Decoder) samples(plane, w, h int) samples {
	s := samples{stride: int(d.got.stride[plane]), shift: int(d.got.bits) - 8}
	width := w
	if s.shift > 0 {
		width = 2 * w
	}
	s.bytes = d.plane(plane, (h-1)*s.stride+width)
	return s
}
