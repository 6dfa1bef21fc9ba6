package yuv

import "image"

// plane is one of a picture's three planes: h rows of w bytes, stride bytes
// apart.
type plane struct {
	pix          []byte
	stride, w, h int
}

// planes returns luma, Cb and Cr of img. Chroma is rounded up where a size is
// odd. It panics when img is not 4:2:0 or its slices are too short for its
// size: C would read and write outside of them.
func planes(img *image.YCbCr) [3]plane {
	if img.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		panic("yuv: picture is not 4:2:0")
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	ps := [3]plane{
		{img.Y, img.YStride, w, h},
		{img.Cb, img.CStride, cw, ch},
		{img.Cr, img.CStride, cw, ch},
	}
	for _, p := range ps {
		if p.w > 0 && p.h > 0 && (p.stride < p.w || len(p.pix) < (p.h-1)*p.stride+p.w) {
			panic("yuv: picture has too little memory for its size")
		}
	}
	return ps
}

func (p *plane) row(y int) []byte { return p.pix[y*p.stride:][:p.w] }

// View returns the part r of img. It shares img's memory and its coordinates,
// as SubImage does, but allocates nothing. r is clipped to img, and its top
// left corner rounded down to even pixels, where chroma samples begin.
func View(img *image.YCbCr, r image.Rectangle) image.YCbCr {
	r = r.Intersect(img.Rect)
	if r.Empty() {
		return image.YCbCr{SubsampleRatio: image.YCbCrSubsampleRatio420}
	}
	r.Min.X &^= 1
	r.Min.Y &^= 1
	y, c := img.YOffset(r.Min.X, r.Min.Y), img.COffset(r.Min.X, r.Min.Y)
	yEnd := img.YOffset(r.Max.X-1, r.Max.Y-1) + 1
	cEnd := img.COffset(r.Max.X-1, r.Max.Y-1) + 1
	return image.YCbCr{
		Y:              img.Y[y:yEnd:yEnd],
		Cb:             img.Cb[c:cEnd:cEnd],
		Cr:             img.Cr[c:cEnd:cEnd],
		YStride:        img.YStride,
		CStride:        img.CStride,
		SubsampleRatio: img.SubsampleRatio,
		Rect:           r,
	}
}

// Fill paints all of img in one colour.
func Fill(img *image.YCbCr, y, cb, cr uint8) {
	colour := [3]uint8{y, cb, cr}
	for i, p := range planes(img) {
		if p.w > 0 && p.h > 0 {
			p.fill(colour[i])
		}
	}
}

func (p *plane) fill(v byte) {
	first := p.row(0)
	first[0] = v
	for n := 1; n < len(first); n *= 2 {
		copy(first[n:], first[:n])
	}
	for y := 1; y < p.h; y++ {
		copy(p.row(y), first)
	}
}

// Copy copies src to dst, top left corner to top left corner whatever their
// coordinates. Where the sizes differ it copies what fits.
func Copy(dst, src *image.YCbCr) {
	from := planes(src)
	for i, p := range planes(dst) {
		p.copy(&from[i])
	}
}

func (p *plane) copy(from *plane) {
	w, h := min(p.w, from.w), min(p.h, from.h)
	if w <= 0 || h <= 0 {
		return
	}
	if p.stride == w && from.stride == w {
		copy(p.pix[:w*h], from.pix[:w*h])
		return
	}
	for y := range h {
		copy(p.row(y)[:w], from.row(y)[:w])
	}
}
