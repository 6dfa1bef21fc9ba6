package audio

import "tilemix/codec/pcm"

// Stereo sums what the voices of one tick have beside their mono, which a Mixer sums. The left
// channel of a voice is its mono + rest + side, and the right one its mono + rest - side. So a voice
// that is mono costs nothing here, and one whose channels are opposites is in its side and does
// not cancel. The zero value is ready. A Stereo belongs to one goroutine.
type Stereo struct {
	side, rest Mixer
	lane       pcm.Block // scratch
}

// Reset begins a tick.
func (s *Stereo) Reset() {
	s.side.Reset()
	s.rest.Reset()
}

// Add adds what a voice has beside its mono; nil is silence. Neither is kept, but both must be
// the same when they are given to Split.
func (s *Stereo) Add(side, rest *pcm.Block) {
	if side != nil {
		s.side.Add(side)
	}
	if rest != nil {
		s.rest.Add(rest)
	}
}

// Split makes two channels of the mono mix in left. ownSide and ownRest, of a voice that was added
// in this tick and is not in left, are left out; nil is none. It reports whether the channels differ.
func (s *Stereo) Split(left, right, ownSide, ownRest *pcm.Block) (wide bool) {
	if s.rest.without(&s.lane, ownRest) {
		left.Add(&s.lane)
	}
	*right = *left
	if !s.side.without(&s.lane, ownSide) {
		return false
	}
	left.Add(&s.lane)
	right.Sub(&s.lane)
	return true
}

// without writes the sum of all but own, which may be nil, to dst, and reports whether there is any.
func (m *Mixer) without(dst, own *pcm.Block) bool {
	switch {
	case own == nil && m.voices > 0:
		m.Mix(dst)
	case own != nil && m.voices > 1:
		m.Minus(dst, own)
	default:
		return false
	}
	return true
}
