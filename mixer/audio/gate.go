package audio

import "tilemix/codec/pcm"

const (
	gateLevel = 60 // -60 dBov: under every voice, over most rooms' noise
	gateHang  = 20 // blocks, 400 ms: longer than the pauses between words
)

// Gate says whether a voice is in the mix at all. All whose gate is closed
// hear the same and share one encode. The zero value is closed and opens at
// -60 dBov. A Gate belongs to one voice and one goroutine.
type Gate struct {
	// Level is the weakest level, in -dBov, that opens the gate. 0 means 60.
	Level uint8

	left int // blocks until it closes; 0 is closed
}

// Pass takes the voice's next block and its level and reports whether the block
// belongs in the mix. The gate opens with the very block that reaches its level and
// closes 400 ms after the last that did; the block it closes with still passes
// and is faded out in place. A voice without sound passes a silent block with level
// 127.
func (g *Gate) Pass(b *pcm.Block, level uint8) (open bool) {
	threshold := g.Level
	if threshold == 0 {
		threshold = gateLevel
	}
	if level <= threshold {
		g.left = gateHang
		return true
	}
	if g.left == 0 {
		return false
	}
	g.left--
	if g.left == 0 {
		pcm.FadeOut(b)
	}
	return true
}

// Open reports whether the last block passed.
func (g *Gate) Open() bool { return g.left > 0 }
