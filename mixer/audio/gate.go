package audio

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	gateHang  = 20 // blocks, 400 ms: longer than the pauses between words
	gateHurry = 15 // blocks, 300 ms, between two cuts in sound that plays late and is never quiet
	// quietEnough is the level, -dBov, under which a cut is not heard.
	quietEnough = 50
)

// Gate says whether a voice is in the mix at all. All whose gate is closed hear the same and
// share one encode. A gate opens for what is 8 dB over the noise of its own microphone. It
// opens for the beginning of the word too, up to 40 ms before, and then plays late by as much
// until the voice is quiet. The zero value is closed. A Gate belongs to one voice and one
// goroutine. It allocates once, at the first sound.
type Gate struct {
	noise  noise
	before *lookback // since the first sound
	left   int       // blocks until it closes; 0 is closed
	open   int       // blocks since it opened
	faded  bool      // it closed with the last block
}

// Pass takes the voice's next block and its level, in -dBov, and reports whether the block
// belongs in the mix. It may change the block. The gate closes 400 ms after the last block
// that was loud enough; the block it closes with still passes and is faded out in place. A
// voice without sound passes a silent block with level 127, which costs nothing.
func (g *Gate) Pass(b *pcm.Block, level uint8) (open bool) {
	g.begin()
	g.noise.learn(level)
	loud := level <= g.noise.threshold()
	switch {
	case g.left == 0 && level >= pcm.Silence:
		if g.before != nil {
			g.before.forget()
		}
		return false
	case g.left == 0 && !loud:
		g.lookback().keep(b)
		return false
	case g.left == 0:
		g.open = 0
		g.lookback().begin(b, 2*float32(math.Pow(10, -float64(g.noise.level())/10)))
	default:
		g.open++
		g.catchUp(b, !loud || level >= quietEnough)
	}
	if g.left--; loud {
		g.left = gateHang
	}
	if g.left == 0 {
		pcm.FadeOut(b)
		g.faded = true
		g.before.forget()
	}
	return true
}

// begin forgets what was done with the last block.
func (g *Gate) begin() {
	g.faded = false
	if g.before != nil {
		g.before.did = move{}
	}
}

// did returns what was done with the last block, but for fading.
func (g *Gate) did() move {
	if g.before == nil {
		return move{}
	}
	return g.before.did
}

// Open reports whether the last block passed.
func (g *Gate) Open() bool { return g.left > 0 }

// loud reports whether the last block was loud enough to open the gate.
func (g *Gate) loud() bool { return g.left == gateHang }

// Shut closes the gate. It still knows the microphone's noise.
func (g *Gate) Shut() {
	g.left = 0
	if g.before != nil {
		g.before.forget()
	}
}

func (g *Gate) lookback() *lookback {
	if g.before == nil {
		g.before = &lookback{}
	}
	return g.before
}

// catchUp brings a voice that plays late back to the time where it belongs.
func (g *Gate) catchUp(b *pcm.Block, quiet bool) {
	switch l := g.before; {
	case l.n == 0:
	case quiet:
		l.skip(b)
	case g.open%gateHurry == 0 && l.n >= grain:
		l.hurry(b)
	default:
		l.delay(b)
	}
}
