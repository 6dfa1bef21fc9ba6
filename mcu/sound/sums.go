package sound

import (
	"cmp"

	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
	"tilemix/mixer/audio"
	"tilemix/mixer/layout"
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

// pull takes what the i-th listener says. Others may be pulled while it is decoded.
func (c *Clock) pull(i int) {
	s, l := &c.cursor.Scene().Listeners[i], c.listeners[i]
	l.open, l.side, l.rest = false, nil, nil
	if s.Microphone == nil {
		return
	}
	level, ok := s.Microphone.Pull(&l.said, c.now)
	if l.level = level; !ok || s.Muted {
		l.level = pcm.Silence
	}
	if c.stereo != nil {
		l.hearSides(s.Microphone)
	}
}

// gate decides whether what a listener says is to be heard.
func (c *Clock) gate(s *scene.Listener, l *listener) {
	switch {
	case s.Microphone == nil:
		return
	case s.Muted:
		l.open = l.strip.Mute(&l.said)
	default:
		l.open = l.strip.Pass(&l.said, l.level)
	}
	c.floor.Observe(s.ID, l.level, c.now)
}

// hearSides takes what the block that a microphone made last leaves out of stereo.
func (l *listener) hearSides(m media.Microphone) {
	if m, ok := m.(media.StereoMicrophone); ok {
		l.side, l.rest = m.Sides()
	}
}

// follow does to the sides what was done to the mono of the same block. A voice that is mono has
// sides where it is placed, if it is to be.
func (l *listener) follow(spatial bool) {
	l.image = max(l.image-1, 0)
	if l.side != nil {
		l.strip.Follow(l.side, l.rest)
		level := pcm.Level(l.said[:])
		if l.side, l.rest = audible(l.side, level), audible(l.rest, level); l.side != nil {
			l.image = flat
		}
	}
	if spatial && l.open {
		l.pan()
	}
}

// pan places a voice, and brings one that is stereo back to the middle.
func (l *listener) pan() {
	if l.panner == nil {
		l.panner = &audio.Panner{}
	}
	towards := l.place
	if l.image > 0 {
		towards = 0
	}
	side, rest := l.panner.Place(&l.said, towards)
	l.side, l.rest = both(l.side, side), both(l.rest, rest)
}

// both adds b to a. Either may be nil.
func both(a, b *pcm.Block) *pcm.Block {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	a.Add(b)
	return a
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

// kind returns the outputs of which a listener hears one.
func (c *Clock) kind(l *listener) *outputs {
	if l.stereo {
		return c.stereo
	}
	return &c.outputs
}

// places takes where the tiles of the scene's view are, which all listeners see.
func (c *Clock) places(s *scene.Scene) {
	for _, l := range c.listeners {
		l.place = 0
	}
	if len(s.Views) == 0 {
		return
	}
	view := &s.Views[0]
	for i, p := range view.Places {
		l := c.state[s.Sources[i].ID.Participant]
		if s.Sources[i].ID.Kind == layout.Screen {
			continue
		}
		if l == nil || p.Rect.Empty() || view.Size.X == 0 {
			continue
		}
		l.place = float64(p.Rect.Min.X+p.Rect.Max.X)/float64(view.Size.X) - 1
	}
}
