package yuv

// scaleGo is scale in plain Go: what runs where there is no C, and what the
// tests hold libyuv against. Each axis averages the source area under a pixel
// where it shrinks and interpolates between two pixel centres where it grows.
func scaleGo(dst, src *[3]plane) {
	for i := range dst {
		scalePlane(&dst[i], &src[i])
	}
}

func scalePlane(dst, src *plane) {
	for y := range dst.h {
		v := tapsOf(y, dst.h, src.h)
		out := dst.row(y)
		for x := range out {
			out[x] = sample(src, tapsOf(x, dst.w, src.w), v)
		}
	}
}

// taps are the source pixels from first to last that make one pixel along one
// axis. All weigh 1 but the outer ones; sum is the weight of all.
type taps struct {
	first, last         int
	head, tail, mid, sum uint64
}

// tapsOf returns the taps of pixel i of n, made from size source pixels. Weights
// are exact: in units of 1/n of a source pixel where it shrinks, of 1/2n where
// it grows.
func tapsOf(i, n, size int) taps {
	if size >= n {
		from, to := i*size, (i+1)*size
		first, last := from/n, (to-1)/n
		if first == last {
			return taps{first, last, uint64(size), 0, 0, uint64(size)}
		}
		return taps{first, last, uint64((first+1)*n - from), uint64(to - last*n), uint64(n), uint64(size)}
	}
	centre := max((2*i+1)*size-n, 0)
	first := centre / (2 * n)
	if first >= size-1 {
		return taps{size - 1, size - 1, 1, 0, 0, 1}
	}
	tail := uint64(centre - first*2*n)
	return taps{first, first + 1, uint64(2*n) - tail, tail, 0, uint64(2 * n)}
}

func sample(src *plane, h, v taps) byte {
	var sum uint64
	for y := v.first; y <= v.last; y++ {
		sum += v.weight(y) * h.of(src.row(y))
	}
	all := h.sum * v.sum
	return byte((sum + all/2) / all)
}

// of returns the weighted sum of a row's pixels.
func (t taps) of(row []byte) uint64 {
	if t.first == t.last {
		return t.head * uint64(row[t.first])
	}
	var mid uint64
	for _, p := range row[t.first+1 : t.last] {
		mid += uint64(p)
	}
	return t.head*uint64(row[t.first]) + t.mid*mid + t.tail*uint64(row[t.last])
}

func (t taps) weight(i int) uint64 {
	switch i {
	case t.first:
		return t.head
	case t.last:
		return t.tail
	}
	return t.mid
}
