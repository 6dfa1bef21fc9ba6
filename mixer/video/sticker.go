package video

import (
	"image"

	"tilemix/codec/yuv"
)

// sticker is a picture with transparency, ready to be laid on a canvas: samples are multiplied by
// their opacity, and chroma is halved. Its size is even.
type sticker struct {
	size  image.Point
	y, a  []uint8 // size.X × size.Y
	cb    []uint8 // a quarter of that, as cr and ca
	cr    []uint8
	ca    []uint8
	solid bool // nothing is seen through it
}

// newSticker converts a picture, with an opacity of 0 to 255.
func newSticker(img *image.NRGBA, opacity uint8) *sticker {
	size := image.Pt((img.Rect.Dx()+1)&^1, (img.Rect.Dy()+1)&^1)
	n := size.X * size.Y
	s := &sticker{
		size: size, solid: true, y: make([]uint8, n), a: make([]uint8, n),
		cb: make([]uint8, n/4), cr: make([]uint8, n/4), ca: make([]uint8, n/4),
	}
	for cy := range size.Y / 2 {
		for cx := range size.X / 2 {
			var u, v, all int
			for i := range 4 {
				x, y := 2*cx+i&1, 2*cy+i>>1
				if x >= img.Rect.Dx() || y >= img.Rect.Dy() {
					s.solid = false
					continue
				}
				p := img.Pix[y*img.Stride+4*x:][:4]
				a := int(p[3]) * int(opacity) / 255
				luma, cb, cr := (rgb(p[0])<<16 | rgb(p[1])<<8 | rgb(p[2])).ycbcr()
				s.y[y*size.X+x], s.a[y*size.X+x] = uint8((int(luma)*a+127)/255), uint8(a)
				s.solid = s.solid && a == 255
				u, v, all = u+int(cb)*a, v+int(cr)*a, all+a
			}
			at := cy*size.X/2 + cx
			s.cb[at], s.cr[at], s.ca[at] = uint8((u/4+127)/255), uint8((v/4+127)/255), uint8((all+2)/4)
		}
	}
	return s
}

// lay paints a sticker with its top left corner at a point, which is rounded down to even pixels.
// What lies outside of dst is clipped.
func (s *sticker) lay(dst *image.YCbCr, at image.Point) {
	if s == nil {
		return
	}
	at = evenPoint(at)
	part := image.Rectangle{Min: at, Max: at.Add(s.size)}
	v := yuv.View(dst, part)
	for y := v.Rect.Min.Y; y < v.Rect.Max.Y; y++ {
		from := (y-at.Y)*s.size.X + v.Rect.Min.X - at.X
		cover(v.Y[(y-v.Rect.Min.Y)*v.YStride:][:v.Rect.Dx()], s.y[from:], s.a[from:], s.solid)
	}
	for cy := v.Rect.Min.Y / 2; 2*cy < v.Rect.Max.Y; cy++ {
		from := (cy-at.Y/2)*s.size.X/2 + (v.Rect.Min.X-at.X)/2
		row, wide := (cy-v.Rect.Min.Y/2)*v.CStride, (v.Rect.Dx()+1)/2
		cover(v.Cb[row:][:wide], s.cb[from:], s.ca[from:], s.solid)
		cover(v.Cr[row:][:wide], s.cr[from:], s.ca[from:], s.solid)
	}
}

// cover lays a row on another.
func cover(dst, src, alpha []uint8, solid bool) {
	src, alpha = src[:len(dst)], alpha[:len(dst)]
	if solid {
		copy(dst, src)
		return
	}
	for i, a := range alpha {
		if a != 0 {
			dst[i] = src[i] + uint8((uint32(dst[i])*uint32(255-a)*257+1<<15)>>16)
		}
	}
}

// Backdrop returns a picture in the colours of the canvas, for decor.Overlays. An odd last row or
// column is left out.
func Backdrop(img *image.NRGBA) *image.YCbCr {
	out := image.NewYCbCr(image.Rect(0, 0, img.Rect.Dx()&^1, img.Rect.Dy()&^1), image.YCbCrSubsampleRatio420)
	fill(out, out.Rect, black)
	newSticker(img, 255).lay(out, image.Point{})
	return out
}
