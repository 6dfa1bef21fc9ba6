package picture

import (
	"slices"
	"testing"

	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
)

// TestOverlaysOfViews draws what the room shows into its own view alone, and into each other view what
// that one shows.
func TestOverlaysOfViews(t *testing.T) {
	b := newBenchOf(t, func(*Env) {})
	state := func(colour string) overlay.State {
		set, err := overlay.Compile(control.Overlays{Background: control.Background{Colour: colour}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return overlay.State{Set: set}
	}
	white, none := state("#ffffff"), overlay.State{}
	s := &scene.Scene{Overlays: state("#808080"), Views: []scene.View{
		{Size: size}, {Key: views.ViewKey{Overlays: "white"}, Size: size, Overlays: &white}, {Key: views.ViewKey{Overlays: "none"}, Size: size, Overlays: &none},
	}}
	b.show(s)
	var got []uint8
	for i, v := range b.views {
		v.compose(nil, nil, s.Shown(i), 0, b.now)
		got = append(got, v.picture().YCbCrAt(size.X/2, size.Y/2).Y)
	}
	if want := []uint8{126, 235, 30}; !slices.EqualFunc(got, want, func(a, b uint8) bool { return max(a, b)-min(a, b) < 12 }) {
		t.Errorf("the views are %v bright, not %v", got, want)
	}
}
