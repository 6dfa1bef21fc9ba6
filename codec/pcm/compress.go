package pcm

import "math"

// overlap is how long Compress fades from one block to the other, in samples.
const overlap = Samples / 2

// Compress plays a and the block b that follows it in the time of one. It
// begins as a does, ends as b does, and goes over from one to the other where they are
// most alike (WSOLA with a fixed lag of one block). dst may be a or b.
func Compress(dst, a, b *Block) {
	at, likeness := seam(a, b)
	copy(dst[:at], a[:at])
	for i := range overlap {
		w := rise(i, overlap)
		v := 1 - w
		// What is alike adds in amplitude, what is not in power: without this
		// the middle of the fade would be 3 dB too soft.
		gain := 1 / float32(math.Sqrt(float64(v*v+w*w+2*v*w*likeness)))
		dst[at+i] = gain * (v*a[at+i] + w*b[at+i])
	}
	copy(dst[at+overlap:], b[at+overlap:])
}

// seam returns where a and b differ least over the length of an overlap, and
// their correlation there, 0 to 1.
func seam(a, b *Block) (at int, likeness float32) {
	var diff, power, best, bestPower float64
	for i := range a {
		d, p := apart(a[i], b[i])
		diff, power = diff+d, power+p
		if i >= overlap {
			d, p = apart(a[i-overlap], b[i-overlap])
			diff, power = diff-d, power-p
		}
		if i == overlap-1 || i >= overlap && diff < best {
			at, best, bestPower = i-overlap+1, diff, power
		}
	}
	if bestPower <= 0 {
		return at, 1
	}
	return at, float32(min(max(1-best/bestPower, 0), 1))
}

func apart(a, b float32) (diff, power float64) {
	x, y := float64(a), float64(b)
	return (x - y) * (x - y), x*x + y*y
}
