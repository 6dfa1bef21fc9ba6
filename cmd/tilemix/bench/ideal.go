package bench

import (
	"image"
	"math"
)

// lanczos shrinks all of src to dst as well as is known: by a Lanczos kernel of three lobes. It is
// slow.
func lanczos(dst, src *image.YCbCr) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	lanczosPlane(dst.Y, src.Y, [4]int{dst.YStride, w, h, src.YStride}, sw, sh)
	chroma := [4]int{dst.CStride, (w + 1) / 2, (h + 1) / 2, src.CStride}
	lanczosPlane(dst.Cb, src.Cb, chroma, (sw+1)/2, (sh+1)/2)
	lanczosPlane(dst.Cr, src.Cr, chroma, (sw+1)/2, (sh+1)/2)
}

// lanczosPlane scales a plane of sw×sh samples. shape is dst's stride, width and height, and src's
// stride.
func lanczosPlane(dst, src []byte, shape [4]int, sw, sh int) {
	stride, w, h := shape[0], shape[1], shape[2]
	across, down := kernels(w, sw), kernels(h, sh)
	rows := make([]float32, sh*w) // scaled across
	for y := range sh {
		row, out := src[y*shape[3]:][:sw], rows[y*w:][:w]
		for x, k := range across {
			for i, weight := range k.weights {
				out[x] += weight * float32(row[max(0, min(k.first+i, sw-1))])
			}
		}
	}
	sums := make([]float32, w)
	for y, k := range down {
		clear(sums)
		for i, weight := range k.weights {
			row := rows[max(0, min(k.first+i, sh-1))*w:][:w]
			for x, v := range row {
				sums[x] += weight * v
			}
		}
		for x, v := range sums {
			dst[y*stride+x] = byte(max(0, min(v+0.5, 255)))
		}
	}
}

// kernel is the weights of the samples from first on.
type kernel struct {
	first   int
	weights []float32
}

// kernels returns those of n samples made of size.
func kernels(n, size int) []kernel {
	const lobes = 3
	step := float64(size) / float64(n)
	width := max(1, step)
	all := make([]kernel, n)
	for i := range all {
		centre := (float64(i)+0.5)*step - 0.5
		first, last := int(math.Ceil(centre-lobes*width)), int(math.Floor(centre+lobes*width))
		k := kernel{first, make([]float32, last-first+1)}
		var sum float64
		for j := range k.weights {
			x := (float64(first+j) - centre) / width
			v := sinc(x) * sinc(x/lobes)
			k.weights[j] = float32(v)
			sum += v
		}
		for j := range k.weights {
			k.weights[j] /= float32(sum)
		}
		all[i] = k
	}
	return all
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
