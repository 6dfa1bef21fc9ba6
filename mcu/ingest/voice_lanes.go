package ingest

import "tilemix/codec/pcm"

// sidesDecoder is a decoder that also returns what mono leaves out of stereo; see
// opus.Decoder.Sides.
type sidesDecoder interface {
	Sides(mono, side, rest []float32) (stereo bool)
}

// lanes are what mono leaves out of a voice that is stereo. What is done to the voice is done to
// them too: decoded, joined, stretched, faded. They belong to the play half.
type lanes struct {
	dec        sidesDecoder // nil: the voice is mono, whatever is sent
	side, rest *lane        // since the first stereo packet
}

// lane is one of them. It is as long as the voice's remainder at all times.
type lane struct {
	samples [pcm.Samples + maxVoiceSamples]float32
	spare   pcm.Block // what fades out
	before  pcm.Block // was played last
	first   pcm.Block // of two that are played at once
	out     pcm.Block // is played
}

// decode asks the decoder for the lanes of mono, which it returned last, and puts them where to
// says. A voice that is mono so far has none.
func (s *lanes) decode(mono []float32, to func(*lane) []float32) {
	if s.dec == nil {
		return
	}
	if s.side == nil {
		if !s.dec.Sides(nil, nil, nil) {
			return
		}
		s.side, s.rest = &lane{}, &lane{}
	}
	side, rest := to(s.side)[:len(mono)], to(s.rest)[:len(mono)]
	s.dec.Sides(mono, side, rest)
	sanitize(side)
	sanitize(rest)
}

// decoded takes what the decoder returned last as what is played after at samples.
func (s *lanes) decoded(mono []float32, at int) {
	s.decode(mono, func(l *lane) []float32 { return l.samples[at:] })
}

// ended takes what the decoder returned last as the end of the sound before.
func (s *lanes) ended(mono []float32) {
	s.decode(mono, func(l *lane) []float32 { return l.spare[:] })
}

// madeUp takes what the decoder returned last as the block that is played.
func (s *lanes) madeUp(mono []float32) {
	s.decode(mono, func(l *lane) []float32 { return l.out[:] })
}

// each calls f for each lane, none in a voice that is mono.
func (s *lanes) each(f func(*lane)) {
	if s.side != nil {
		f(s.side)
		f(s.rest)
	}
}

// joined cross-fades the beginning of what was decoded last with the end of the sound before, or
// with silence.
func (s *lanes) joined(at, long int, heard bool) {
	s.each(func(l *lane) {
		if !heard {
			clear(l.spare[:long])
		}
		crossFade(l.samples[at:][:long], l.spare[:long])
	})
}

// fadeOut adds n samples in which the sound ends, or silence.
func (s *lanes) fadeOut(at, n int, heard bool) {
	s.each(func(l *lane) {
		if !heard {
			clear(l.spare[:n])
		}
		ramp(l.samples[at:][:n], l.spare[:n])
	})
}

// silent adds n samples of silence.
func (s *lanes) silent(at, n int) {
	s.each(func(l *lane) { clear(l.samples[at:][:n]) })
}

// take moves one block of n samples out, or of none that are there.
func (s *lanes) take(n int) {
	s.each(func(l *lane) {
		copy(l.out[:], l.samples[:pcm.Samples])
		copy(l.samples[:], l.samples[pcm.Samples:n])
	})
}

// stop is for a block that has no sound.
func (s *lanes) stop() {
	s.each(func(l *lane) { l.out = pcm.Block{} })
}

// blocks returns the block that is played of each, nil in a voice that is mono.
func (s *lanes) blocks() (side, rest *pcm.Block) {
	if s.side == nil {
		return nil, nil
	}
	return &s.side.out, &s.rest.out
}

// keep keeps the block that is played for what follows.
func (s *lanes) keep() {
	s.each(func(l *lane) { l.before = l.out })
}

// hold keeps the first of two blocks.
func (s *lanes) hold() {
	s.each(func(l *lane) { l.first = l.out })
}

// release plays the first of two blocks, and not the second.
func (s *lanes) release() {
	s.each(func(l *lane) { l.out = l.first })
}

// accelerate plays the block that is held and the one taken after it as q played the voice; n
// samples remained.
func (s *lanes) accelerate(q *pcm.Stretcher, n int) {
	s.each(func(l *lane) {
		short := q.Repeat(&l.first, &l.out)
		l.giveBack(short[copy(l.out[:], short):], n)
	})
}

// expand plays the block longer as q played the voice; n samples remained.
func (s *lanes) expand(q *pcm.Stretcher, n int) {
	s.each(func(l *lane) {
		long := q.Repeat(&l.before, &l.out)
		l.giveBack(long[copy(l.out[:], long):], n)
	})
}

// giveBack puts samples before all others, of which there are n.
func (l *lane) giveBack(b []float32, n int) {
	copy(l.samples[len(b):], l.samples[:n])
	copy(l.samples[:], b)
}
