package yuv

import "image"

// Scale is Scaler.Scale for a picture now and then: it makes its tables anew.
func Scale(dst, src *image.YCbCr) {
	var s Scaler
	s.Scale(dst, src)
}

// Scaler scales pictures. It keeps tables and memory for the sizes that it scaled last,
// so a stream of one size allocates once. The zero value is ready. It is not safe for
// concurrent use.
type Scaler struct {
	planes [2]resizer // luma, and both of chroma
	row    []byte     // one row of the source and its margins
	how    way
}

// Scale draws all of src, stretched or shrunk, on all of dst. A shape of another
// aspect ratio is distorted: crop with View before. Equal sizes are copied. dst and
// src must not share memory; either may be a View. Empty pictures are left alone.
func (s *Scaler) Scale(dst, src *image.YCbCr) {
	to, from := planes(dst), planes(src)
	if dst.Rect.Empty() || src.Rect.Empty() {
		return
	}
	if dst.Rect.Size() == src.Rect.Size() {
		Copy(dst, src)
		return
	}
	if n := marginLeft + from[0].w + marginRight; len(s.row) < n {
		s.row = make([]byte, n)
	}
	// All planes shrink as luma does: where a size is odd, half of chroma's last sample
	// is outside of the picture.
	steps := [2]float64{
		float64(src.Rect.Dx()) / float64(dst.Rect.Dx()),
		float64(src.Rect.Dy()) / float64(dst.Rect.Dy()),
	}
	for i := range to {
		r := &s.planes[(i+1)/2]
		r.prepare(&to[i], &from[i], steps)
		r.scale(&to[i], from[i], s.row, s.how)
	}
}

// way is how pixels are computed. All ways give the same.
type way uint8

const (
	fastest way = iota
	plainC      // no vector instructions but the compiler's
	plainGo
)

// resizer scales planes of one size to planes of another: it halves while that helps, and
// filters to the size wanted then.
type resizer struct {
	sizes    [4]int
	steps    [2]float64
	halvings [2]int // across, down
	exact    bool   // the last halving gives the size wanted
	across   axis
	down     axis
	halves   [2][]byte // what is halved, in turn
}

func (r *resizer) prepare(dst, src *plane, steps [2]float64) {
	sizes := [4]int{dst.w, dst.h, src.w, src.h}
	if r.sizes == sizes && r.steps == steps {
		return
	}
	r.sizes, r.steps = sizes, steps
	w, h := src.w, src.h
	r.halvings[0], w, steps[0] = halvings(w, steps[0])
	r.halvings[1], h, steps[1] = halvings(h, steps[1])
	r.exact = steps == [2]float64{1, 1} && w == dst.w && h == dst.h
	if !r.exact {
		r.across.build(dst.w, steps[0], 4)
		r.down.build(dst.h, steps[1], 2)
		r.across.pack()
	}
}

// halvings says how often an axis of size samples is halved that is to shrink by step, and
// what is left then.
func halvings(size int, step float64) (n, left int, rest float64) {
	for step > maxStep || step == 2 {
		size, step = (size+1)/2, step/2
		n++
	}
	return n, size, step
}

func (r *resizer) scale(dst *plane, src plane, row []byte, how way) {
	n := max(r.halvings[0], r.halvings[1])
	for i := range n {
		across, down := i < r.halvings[0], i < r.halvings[1]
		to := *dst
		if !r.exact || i < n-1 {
			to = r.half(i%2, &src, across, down)
		}
		halve(&to, &src, across, down, row, how)
		src = to
	}
	if !r.exact {
		resample(dst, &src, &r.across, &r.down, row, how)
	}
}

// half returns a plane for what src becomes.
func (r *resizer) half(i int, src *plane, across, down bool) plane {
	p := plane{w: src.w, h: src.h}
	if across {
		p.w = (p.w + 1) / 2
	}
	if down {
		p.h = (p.h + 1) / 2
	}
	p.stride = p.w
	if n := p.w * p.h; len(r.halves[i]) < n {
		r.halves[i] = make([]byte, n)
	}
	p.pix = r.halves[i]
	return p
}
