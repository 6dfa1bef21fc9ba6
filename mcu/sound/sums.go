package sound

import (
	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mixer/audio"
)

// sums are what all say in a tick: once in mono, and what that leaves out of stereo.
type sums struct {
	mono   audio.Mixer
	stereo audio.Stereo
}

func (m *sums) reset() {
	m.mono.Reset()
	m.stereo.Reset()
}

func (m *sums) add(l *listener) {
	m.mono.Add(&l.said)
	m.stereo.Add(l.side, l.rest)
}

// hearSides takes what the block that a microphone made last leaves out of stereo.
func (l *listener) hearSides(m media.Microphone) {
	if m, ok := m.(media.StereoMicrophone); ok {
		l.side, l.rest = m.Sides()
	}
}

// follow does to the sides what was done to the mono of the same block.
func (l *listener) follow() {
	l.strip.Follow(l.side, l.rest)
	level := pcm.Level(l.said[:])
	l.side, l.rest = audible(l.side, level), audible(l.rest, level)
}

// faint (50 dB) is how far under the mono, and inaudible (75) the level in -dBov, at which
// nobody hears a side: a sender that codes a mono microphone in stereo makes one.
const faint, inaudible = 50, 75

// audible returns nil for what nobody hears beside a mono of a level.
func audible(b *pcm.Block, mono uint8) *pcm.Block {
	if level := pcm.Level(b[:]); level >= inaudible || level >= mono+faint {
		return nil
	}
	return b
}
