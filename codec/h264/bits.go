package h264

// bitReader reads the bits of a NAL unit, leaving out the emulation prevention
// bytes (H.264 §7.4.1). Past the end it reads zeros and sets bad.
type bitReader struct {
	data  []byte
	pos   int  // next byte
	zeros int  // zero bytes before pos
	cur   byte // the byte being read
	left  uint // its unread bits
	bad   bool // read past the end, or a number over 32 bits
}

func (r *bitReader) bit() uint {
	if r.left == 0 {
		r.load()
	}
	r.left--
	return uint(r.cur>>r.left) & 1
}

// load takes the next byte that is not an emulation prevention byte.
func (r *bitReader) load() {
	r.cur, r.left = 0, 8
	if r.zeros >= 2 && r.pos < len(r.data) && r.data[r.pos] == 3 {
		r.pos++
		r.zeros = 0
	}
	if r.pos >= len(r.data) {
		r.bad = true
		return
	}
	r.cur = r.data[r.pos]
	r.pos++
	if r.cur == 0 {
		r.zeros++
	} else {
		r.zeros = 0
	}
}

func (r *bitReader) bits(n int) uint {
	var v uint
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// ue reads an unsigned Exp-Golomb number (H.264 §9.1).
func (r *bitReader) ue() uint {
	zeros := 0
	for r.bit() == 0 {
		if zeros++; zeros > 32 || r.bad {
			r.bad = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se reads a signed Exp-Golomb number (H.264 §9.1.1).
func (r *bitReader) se() int {
	v := r.ue()
	if v%2 == 1 {
		return int(v/2) + 1
	}
	return -int(v / 2)
}
