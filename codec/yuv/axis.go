package yuv

import "math"

const (
	// maxStep is how much an axis shrinks at once: four samples of a group and their taps
	// are within 16 bytes then.
	maxStep = 3.5
	maxTaps = 12
	// sharpness is that of the cubic kernel, as Keys has it (-0.5 there).
	sharpness = -0.7
	// unit is the sum of an axis' weights for one sample.
	unit = 64

	group = 4  // samples that are made from the same 16 bytes
	block = 16 // samples for which the tables are padded

	// A row of the source has margins, which are filled with its first and last sample.
	marginLeft, marginRight = 32, 64
)

// axis says from which samples of the source those of one axis are made. Sample i is the
// sum of taps samples from first[i] on, which may be outside of the source, by the
// weights of 1/unit at i*taps.
type axis struct {
	n, taps int
	first   []int32
	weights []int8

	// The same by groups, for an axis that runs along the memory. Bytes mask of those at base
	// are what a group needs for its first four taps; the others lie four bytes
	// further each. lanes has the weights: by blocks, fours of taps and samples.
	base  []int32
	mask  []byte
	lanes []int8
}

// build fills a for n samples that are step samples of the source apart. Their taps are a
// multiple of some number.
func (a *axis) build(n int, step float64, multiple int) {
	a.n, a.taps = n, 4
	for a.taps < maxTaps && step*4 > float64(a.taps)*1.1 {
		a.taps += multiple
	}
	width := max(1, min(step, float64(a.taps)/4)) // of the kernel, in source samples
	a.first, a.weights = grown(a.first, n), grown(a.weights, n*a.taps)
	for i := range n {
		centre := (float64(i) + 0.5) * step
		first := int(math.Floor(centre - float64(a.taps)/2 + 0.5))
		a.first[i] = int32(first)
		weigh(a.weights[i*a.taps:][:a.taps], float64(first)+0.5-centre, width)
	}
}

// weigh fills weights with the kernel's values from x on. Their sum is unit: what rounding
// leaves goes to the largest.
func weigh(weights []int8, x, width float64) {
	var values [maxTaps]float64
	var sum float64
	for i := range weights {
		values[i] = cubic((x + float64(i)) / width)
		sum += values[i]
	}
	rest, largest := unit, 0
	for i := range weights {
		weights[i] = int8(math.Round(values[i] / sum * unit))
		rest -= int(weights[i])
		if weights[i] > weights[largest] {
			largest = i
		}
	}
	weights[largest] += int8(rest)
}

// cubic is the kernel of cubic convolution (Keys, "Cubic Convolution Interpolation for
// Digital Image Processing", 1981).
func cubic(x float64) float64 {
	const a = sharpness
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}

// pack fills the groups. Samples that the last block has too many are like the last one.
func (a *axis) pack() {
	n := (a.n + block - 1) / block * block
	fours := a.taps / 4
	a.base, a.mask, a.lanes = grown(a.base, n/group), grown(a.mask, n*4), grown(a.lanes, n*a.taps)
	for i := range n {
		j := min(i, a.n-1)
		if i%group == 0 {
			a.base[i/group] = a.first[j]
		}
		shift := a.first[j] - a.base[i/group]
		for k := range 4 {
			a.mask[4*i+k] = byte(shift + int32(k))
		}
		for f := range fours {
			copy(a.lanes[(i/block*fours+f)*block*4+i%block*4:][:4], a.weights[j*a.taps+4*f:])
		}
	}
}

// grown returns s with the length n, and what is in it undefined.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
