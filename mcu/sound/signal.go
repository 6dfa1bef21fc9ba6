package sound

import "tilemix/codec/opus"

const (
	// toMusic (10 blocks, 200 ms) and toVoice (40 blocks, 800 ms) are for how long something else
	// must be heard until a stream is made for it. toVoice is less than handBack, so that the
	// streams which a listener changes between are made for the same.
	toMusic, toVoice = 10, 40
)

// signal decides what a stream is made for: several talkers and music sound worse than one talker
// in a coding that is made for one voice. The zero value is opus.Voice.
type signal struct {
	music  bool
	blocks int // in a row in which the stream would be made for the other
}

// hear takes how many voices are in the next block, and how many of them are music, and returns
// whether the stream is made for the other from now on.
func (s *signal) hear(voices, music int) (changed bool) {
	if s.music == (voices > 1 || music > 0) {
		s.blocks = 0
		return false
	}
	patience := toMusic
	if s.music {
		patience = toVoice
	}
	if s.blocks++; s.blocks < patience {
		return false
	}
	*s = signal{music: !s.music}
	return true
}

// opus returns what the encoder is told.
func (s *signal) opus() opus.Signal {
	if s.music {
		return opus.Music
	}
	return opus.Voice
}
