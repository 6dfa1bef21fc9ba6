package picture

import (
	"slices"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/scene"
)

// TestWaiting follows the picture of a view through a call: nobody, one whose camera is off, a camera, a
// gap. With each rule tiles are seen when they are to be, and the waiting picture the rest of the time.
func TestWaiting(t *testing.T) {
	const poster, off, film, frozen, none = 126, 57, 200, 95, 42 // how bright: a tile is dimmed in a gap
	for when, want := range map[string][]int{"empty": {poster, off, film, frozen, none}, "pictures": {poster, poster, film, frozen, poster}} {
		t.Run(when, func(t *testing.T) {
			set, err := overlay.Compile(control.Overlays{
				Background: control.Background{Colour: "#808080"}, Waiting: control.Poster{When: when, Title: "Soon"},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			b := newBenchOf(t, func(*Env) {})
			cam, eye := b.film(), &eyes{kind: codec.H264}
			var got []int
			see := func(s *scene.Scene, rest time.Duration) {
				s.Overlays = overlay.State{Set: set, Room: "demo"}
				b.watch(s, eye)
				b.now = b.now.Add(rest)
				b.ticks(1)
				p := b.views[0].picture()
				got = append(got, int(p.YCbCrAt(size.X/2, 2).Y)) // above the words
			}
			nobody := shows(scene.Source{}, true)
			nobody.Sources, nobody.Members, nobody.Views[0].Places = nil, nil, nil
			see(nobody, 0)
			see(shows(scene.Source{}, true), 0)
			see(shows(scene.Source{Camera: cam}, true), 0)
			see(shows(scene.Source{Camera: cam}, true), outdated/2)
			see(shows(scene.Source{Camera: cam}, true), stale) // nothing has come since
			if !slices.EqualFunc(got, want, func(a, b int) bool { return max(a, b)-min(a, b) < 12 }) {
				t.Errorf("the picture is %v bright, not %v", got, want)
			}
		})
	}
}
