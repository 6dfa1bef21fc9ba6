package yuv

import "image"

// Blend paints a colour through an alpha mask onto dst; the mask's top left corner
// comes to at, in dst's coordinates, which may be odd or outside. What lies
// outside of dst is clipped. A chroma sample takes the mean of the mask over the
// pixels that share it.
func Blend(dst *image.YCbCr, at image.Point, mask *image.Alpha, y, cb, cr uint8) {
	ps := planes(dst)
	r := mask.Rect.Sub(mask.Rect.Min).Add(at).Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	m := matte{mask, at.Sub(mask.Rect.Min), r}
	origin := dst.Rect.Min
	for py := r.Min.Y; py < r.Max.Y; py++ {
		blendRow(ps[0].row(py - origin.Y)[r.Min.X-origin.X:], m.row(py), int32(y))
	}
	for cy := r.Min.Y >> 1; cy <= (r.Max.Y-1)>>1; cy++ {
		m.blendChroma(&ps[1], &ps[2], dst.Rect, cy, int32(cb), int32(cr))
	}
}

// matte is a mask laid on a picture: r is the part of the picture under it.
type matte struct {
	*image.Alpha
	shift image.Point
	r     image.Rectangle
}

// row returns the mask over the picture's row y, from r's left to its right; nil
// outside of r.
func (m *matte) row(y int) []byte {
	if y < m.r.Min.Y || y >= m.r.Max.Y {
		return nil
	}
	i := m.PixOffset(m.r.Min.X-m.shift.X, y-m.shift.Y)
	return m.Pix[i:][:m.r.Dx()]
}

func blendRow(dst, alpha []byte, c int32) {
	dst = dst[:len(alpha)]
	for i, a := range alpha {
		if a != 0 {
			d := int32(dst[i])
			dst[i] = byte(d + ((c-d)*int32(a)*257+1<<15)>>16)
		}
	}
}

// blendChroma blends row cy of both chroma planes (in units of two pixels).
func (m *matte) blendChroma(cb, cr *plane, bounds image.Rectangle, cy int, u, v int32) {
	top, bottom := m.row(2*cy), m.row(2*cy+1)
	us, vs := cb.row(cy-bounds.Min.Y>>1), cr.row(cy-bounds.Min.Y>>1)
	rows := min(bounds.Max.Y-2*cy, 2)
	for cx := m.r.Min.X >> 1; cx <= (m.r.Max.X-1)>>1; cx++ {
		x := 2*cx - m.r.Min.X
		a := pair(top, x) + pair(bottom, x)
		if a == 0 {
			continue
		}
		// Four pixels share a sample, fewer at an odd edge of the picture.
		a *= int32(4 / (rows * min(bounds.Max.X-2*cx, 2)))
		i := cx - bounds.Min.X>>1
		us[i] = mix(us[i], u, a)
		vs[i] = mix(vs[i], v, a)
	}
}

// pair returns the alpha of pixels x and x+1 of a mask's row, 0 outside.
func pair(row []byte, x int) (a int32) {
	if uint(x) < uint(len(row)) {
		a = int32(row[x])
	}
	if uint(x+1) < uint(len(row)) {
		a += int32(row[x+1])
	}
	return a
}

// mix moves d towards c by a/1020.
func mix(d byte, c, a int32) byte {
	return byte(int32(d) + ((c-int32(d))*a*257+1<<17)>>18)
}
