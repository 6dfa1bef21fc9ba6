package picture

import (
	"bytes"
	"image"
	"slices"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/overlay"
	"tilemix/mcu/scene"
	"tilemix/mixer/motion"
)

// TestTransition moves a tile over a clock's canvas: it is on its way for the time that the room has,
// and jumps where the clock is late.
func TestTransition(t *testing.T) {
	for name, c := range map[string]struct {
		usual    time.Duration
		strained bool
		moves    int // pictures that differ from the one before, of 15
	}{
		"moves": {usual: 250 * time.Millisecond, moves: 7}, "jumps": {moves: 1}, "strained": {usual: 250 * time.Millisecond, strained: true, moves: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBenchOf(t, func(*Env) {})
			f := b.film()
			s := shows(scene.Source{Camera: f}, true)
			s.Overlays = overlay.State{Usual: motion.Transition{Length: c.usual}}
			s.Views[0].Places[0].Rect = image.Rect(0, 0, 20, 12)
			b.watch(s, &eyes{kind: codec.H264})
			b.ticks(1)
			for i := range 100 {
				if b.overload.Tick(0); c.strained {
					b.overload.Tick(i % 3)
				}
			}
			moved := shows(scene.Source{Camera: f}, true)
			moved.Overlays, moved.Viewers = s.Overlays, s.Viewers
			moved.Views[0].Places[0].Rect = image.Rect(size.X-20, size.Y-12, size.X, size.Y)
			b.chain.Publish(moved)
			was, moves := slices.Clone(b.views[0].picture().Y), 0
			for range 15 {
				b.ticks(1)
				if now := b.views[0].picture().Y; !bytes.Equal(was, now) {
					was = slices.Clone(now)
					moves++
				}
			}
			if moves != c.moves {
				t.Errorf("the tile is at %d places, want %d", moves, c.moves)
			}
		})
	}
}
