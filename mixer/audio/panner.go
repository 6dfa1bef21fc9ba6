package audio

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	// mostTurn is how far a voice is turned to a side at most, 30 degrees: one channel has 11 dB
	// more than the other, and both together as much power as in the middle.
	mostTurn = math.Pi / 6
	// turnStep is how far a voice moves in a block: from one side to the other in a second.
	turnStep = 2. / 50
)

// Panner places a mono voice between left and right. The zero value has it in the middle. A
// Panner belongs to one voice and one goroutine.
type Panner struct {
	at         float64 // -1 is left, 1 right
	side, rest pcm.Block
}

// Place moves the voice towards a place, -1 (left) to 1 (right), and returns what mono leaves out of
// the next block: see Stereo. Both are nil in the middle, and valid until the next Place.
func (p *Panner) Place(mono *pcm.Block, towards float64) (side, rest *pcm.Block) {
	from := p.at
	p.at += min(max(towards-from, -turnStep), turnStep)
	if from == 0 && p.at == 0 {
		return nil, nil
	}
	s, c := turn(from)
	toS, toC := turn(p.at)
	stepS, stepC := (toS-s)/pcm.Samples, (toC-c)/pcm.Samples
	for i, m := range mono {
		s, c = s+stepS, c+stepC
		p.side[i], p.rest[i] = s*m, c*m
	}
	return &p.side, &p.rest
}

// turn returns the factors of side and rest at a place.
func turn(at float64) (side, rest float32) {
	sin, cos := math.Sincos(-at * mostTurn)
	return float32(sin), float32(cos - 1)
}
