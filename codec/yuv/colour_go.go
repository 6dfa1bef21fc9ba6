package yuv

// recolourGo is recolour in plain Go: what runs where there is no C, and what the
// tests hold C against, bit by bit.
func recolourGo(p *[3]plane, m *matrix) {
	for y := range p[1].h {
		cb, cr := p[1].row(y), p[2].row(y)
		m.luma(p[0].row(2*y), cb, cr)
		if 2*y+1 < p[0].h {
			m.luma(p[0].row(2*y+1), cb, cr)
		}
		m.chroma(cb, cr)
	}
}

// luma converts a row of pixels. Each two of them share a sample of cb and cr.
// All sums are in 1/64 and have half of 1, and what two products lose on average, added.
func (m *matrix) luma(row, cb, cr []byte) {
	for i, v := range row {
		b, r := centred(cb[i/2]), centred(cr[i/2])
		row[i] = clip((times(int(v)<<7, m.y) + (times(b, m.yb)+times(r, m.yr))>>1 + int(m.y0) + 33) >> 6)
	}
}

// chroma converts a row of samples, in 1/128.
func (m *matrix) chroma(cb, cr []byte) {
	for i := range cb {
		b, r := centred(cb[i]), centred(cr[i])
		cb[i] = clip((times(b, m.bb)+times(r, m.br)+65)>>7 + 128)
		cr[i] = clip((times(b, m.rb)+times(r, m.rr)+65)>>7 + 128)
	}
}

func centred(v byte) int { return (int(v) - 128) << 8 }

func times(v int, factor int16) int { return v * int(factor) >> 16 }

func clip(v int) byte { return byte(max(0, min(v, 255))) }
