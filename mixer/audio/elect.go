package audio

import "tilemix/codec/pcm"

// clearlyWeaker (6 dB) is by how much a voice that is mixed has to be quieter than one that is
// not, to be left out for it.
const clearlyWeaker = 6

// election is what a Strip keeps of whether it is one of the loudest.
type election struct {
	strength float32 // level over half a second, in -dBov
	begun    bool    // the voice is heard, or was left out
	elected  bool
	mixed    bool // the last block was
}

// observe takes the level of a block that passes the gate, in -dBov.
func (e *election) observe(level uint8) {
	if !e.begun {
		*e = election{strength: float32(level), begun: true}
	}
	e.strength += (float32(level) - e.strength) / 25
}

// Elect is for the strips whose gate let the last block pass: it leaves the weakest out, so that
// at most n are mixed, and the noise and cost of a room have a bound. What is mixed stays unless
// it is clearly weaker. Strip.Admit says of each whether it is mixed.
func Elect(open []*Strip, n int) {
	for _, s := range open {
		s.election.elected = true
	}
	for left := len(open); left > n; left-- {
		var weakest *election
		for _, s := range open {
			if e := &s.election; e.elected && (weakest == nil || e.rank() > weakest.rank()) {
				weakest = e
			}
		}
		weakest.elected = false
	}
}

// rank orders voices: the higher, the weaker.
func (e *election) rank() float32 {
	if e.mixed {
		return e.strength - clearlyWeaker
	}
	return e.strength
}

// Admit says after Elect whether the block that passed last is mixed. A voice that is left out
// fades out, and one that comes back fades in.
func (s *Strip) Admit(b *pcm.Block) bool {
	e := &s.election
	was := e.mixed
	e.mixed = e.elected
	switch {
	case e.mixed == was:
	case was:
		pcm.FadeOut(b)
		s.did.out = true
		return true
	case s.open > 1:
		pcm.FadeIn(b)
		s.did.in = true
	}
	return e.mixed
}
