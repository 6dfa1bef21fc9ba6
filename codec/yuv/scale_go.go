package yuv

// This file is scaling in plain Go: what runs where there is no C, and what the tests hold
// C against, bit by bit.

// halveGo halves a plane across, down or both. Its filter is (-1 2 7 7 2 -1)/16.
func halveGo(dst, src *plane, across, down bool, row []byte) {
	line := row[marginLeft:][:src.w]
	for y := range dst.h {
		if !down {
			copy(line, src.row(y))
		} else {
			halveRows(line, src, 2*y)
		}
		if !across {
			copy(dst.row(y), line)
			continue
		}
		halveRow(dst.row(y), line)
	}
}

// halveRows makes one row of rows y and y+1 and the two above and below them. It rounds as
// instructions that take the mean of bytes do.
func halveRows(out []byte, src *plane, y int) {
	var r [6][]byte
	for i := range r {
		r[i] = src.row(clamp(y-2+i, src.h))
	}
	for x := range out {
		a, b, c := mean(r[2][x], r[3][x]), mean(r[1][x], r[4][x]), mean(r[0][x], r[5][x])
		out[x] = clip(int(a) + int(mean(mean(b, ^mean(a, c)), 128)) - 128)
	}
}

func halveRow(out, line []byte) {
	for i := range out {
		at := func(j int) int { return int(line[clamp(2*i+j, len(line))]) }
		sum := 7*(at(0)+at(1)) + 2*(at(-1)+at(2)) - at(-2) - at(3)
		out[i] = clip((sum + 8) >> 4)
	}
}

// resampleGo makes dst of src by what the axes say, rows first.
func resampleGo(dst, src *plane, across, down *axis, row []byte) {
	line := row[marginLeft:][:src.w]
	for y := range dst.h {
		weights := down.weights[y*down.taps:][:down.taps]
		for x := range line {
			sum := unit / 2
			for i, w := range weights {
				sum += int(w) * int(src.pix[clamp(int(down.first[y])+i, src.h)*src.stride+x])
			}
			line[x] = clip(sum / unit)
		}
		for x, out := 0, dst.row(y); x < dst.w; x++ {
			sum := unit / 2
			for i, w := range across.weights[x*across.taps:][:across.taps] {
				sum += int(w) * int(line[clamp(int(across.first[x])+i, src.w)])
			}
			out[x] = clip(sum / unit)
		}
	}
}

// mean rounds up.
func mean(a, b byte) byte { return byte((int(a) + int(b) + 1) / 2) }

// clamp returns the index nearest to i of n.
func clamp(i, n int) int { return max(0, min(i, n-1)) }
