package audio

import "tilemix/codec/pcm"

// Strip is what happens to one microphone before it is mixed, as on a mixing desk: a constant
// voltage is taken out, a gate keeps noise out, and a gain makes it as loud as the others. The zero value is ready. A Strip belongs to one voice and one goroutine. It
// allocates once, at the first sound.
type Strip struct {
	// KeepLoudness leaves the voice as loud as it is.
	KeepLoudness bool

	offset   offset
	gate     Gate
	level    *Leveller // since the gate first opened
	texture  texture
	election election
	open     int  // blocks that passed in a row
	muted    bool // by the block before
	did      edit
	sides    *sides // since the voice is stereo
}

// Pass takes the voice's next block and its level, in -dBov, changes the block, and reports
// whether it belongs in the mix. A voice without sound passes a silent block with level 127,
// which costs nothing.
func (s *Strip) Pass(b *pcm.Block, level uint8) (open bool) {
	s.did = edit{in: s.muted}
	s.muted = false
	if level < pcm.Silence && s.offset.remove(b) {
		level = pcm.Level(b[:])
	}
	if !s.gate.Pass(b, level) {
		s.open, s.election, s.did.in = 0, election{}, false
		return false
	}
	s.open++
	s.election.observe(level)
	s.texture.learn(level)
	if !s.KeepLoudness {
		if s.level == nil {
			s.level = &Leveller{}
		}
		s.level.Apply(b, s.gate.loud(), s.gate.noise.level())
		s.did.levelled = true
	}
	if s.did.in { // a voice that is cut in is a click
		pcm.FadeIn(b)
	}
	return true
}

// Music reports whether the sound is rather music than speech: its level stays within 12 dB for
// two seconds.
func (s *Strip) Music() bool { return s.texture.music }

// Mute ends the voice with the block b, which fades, because a cut is a click. It reports
// whether b belongs in the mix.
func (s *Strip) Mute(b *pcm.Block) (open bool) {
	s.did, s.muted = edit{}, true
	s.gate.begin()
	open = s.gate.Open()
	if open {
		s.gate.catchUp(b, true)
		if s.level != nil {
			s.level.Apply(b, false, 0)
			s.did.levelled = true
		}
	}
	s.gate.Shut()
	s.open = 0
	pcm.FadeOut(b)
	s.did.out = true
	return open
}

// Follow does to both lanes that a stereo voice has beside its mono what was done to the mono of
// the same 20 ms: it is called after Pass and Admit, or after Mute. The voice keeps its image,
// because the decisions are those of one channel. It allocates once.
func (s *Strip) Follow(side, rest *pcm.Block) {
	if s.sides == nil {
		s.sides = &sides{}
	}
	s.sides.offset.remove(side)
	s.follow(side, &s.sides.side)
	s.follow(rest, &s.sides.rest)
}

func (s *Strip) follow(b *pcm.Block, l *lookback) {
	l.repeat(b, s.gate.did())
	if s.gate.faded {
		pcm.FadeOut(b)
	}
	if s.did.levelled {
		s.level.repeat(b)
	}
	if s.did.in {
		pcm.FadeIn(b)
	}
	if s.did.out {
		pcm.FadeOut(b)
	}
}

// Forget is for when another microphone takes the place of this one.
func (s *Strip) Forget() { *s = Strip{KeepLoudness: s.KeepLoudness} }
