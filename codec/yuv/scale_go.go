package yuv

// scaleGo is scale in plain Go: what runs where there is no C, and what the
// tests hold libyuv against. Each axis averages the source area under a pixel
// where it shrinks and interpolates between two pixel centres where it grows.
func scaleGo(dst, src *[3]plane) {
	for i := range dst {
		scalePlane(&dst[i], &src[i])
	}
}

// strip is how many columns are scaled together: their taps fit on the stack and
// are worked out once for all rows.
const strip = 64

func scalePlane(dst, src *plane) {
	var columns [strip]taps
	for left := 0; left < dst.w; left += strip {
		width := min(strip, dst.w-left)
		for i := range width {
			columns[i] = tapsOf(left+i, dst.w, src.w)
		}
		for y := range dst.h {
			scaleRow(dst.row(y)[left:][:width], src, columns[:width], tapsOf(y, dst.h, src.h))
		}
	}
}

func scaleRow(out []byte, src *plane, columns []taps, rows taps) {
	for i := range columns {
		t := &columns[i]
		var sum uint64
		for y := rows.first; y <= rows.last; y++ {
			sum += rows.weight(y) * t.of(src.pix[y*src.stride:][:src.w])
		}
		out[i] = byte(float64(sum)*t.share*rows.share + 0.5)
	}
}

// taps are the source pixels from first to last that make one pixel along one
// axis. The outer ones weigh head and tail, those between mid; share is 1 over the
// weight of all.
type taps struct {
	first, last     int
	head, tail, mid uint64
	share           float64
}

// tapsOf returns the taps of pixel i of n, made from size source pixels. Weights
// are exact: in units of 1/n of a source pixel where it shrinks, of 1/2n where
// it grows.
func tapsOf(i, n, size int) taps {
	if size >= n {
		from, to := i*size, (i+1)*size
		first, last := from/n, (to-1)/n
		if first == last {
			return taps{first: first, last: last, head: 1, share: 1}
		}
		return taps{
			first: first, last: last, share: 1 / float64(size),
			head: uint64((first+1)*n - from), mid: uint64(n), tail: uint64(to - last*n),
		}
	}
	centre := max((2*i+1)*size-n, 0)
	first := centre / (2 * n)
	if first >= size-1 {
		return taps{first: size - 1, last: size - 1, head: 1, share: 1}
	}
	tail := uint64(centre - first*2*n)
	return taps{
		first: first, last: first + 1, share: 1 / float64(2*n),
		head: uint64(2*n) - tail, tail: tail,
	}
}

// of returns the weighted sum of a row's pixels.
func (t *taps) of(row []byte) uint64 {
	if t.first == t.last {
		return t.head * uint64(row[t.first])
	}
	var mid uint64
	for _, p := range row[t.first+1 : t.last] {
		mid += uint64(p)
	}
	return t.head*uint64(row[t.first]) + t.mid*mid + t.tail*uint64(row[t.last])
}

func (t *taps) weight(i int) uint64 {
	switch i {
	case t.first:
		return t.head
	case t.last:
		return t.tail
	}
	return t.mid
}
