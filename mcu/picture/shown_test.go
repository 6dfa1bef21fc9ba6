package picture

import (
	"image"
	"slices"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/overlay"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
	"tilemix/mixer/motion"
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

// TestUnseen draws the views that somebody has, and the room's own as soon as somebody has that: with the newest
// picture, in the places of now.
func TestUnseen(t *testing.T) {
	b := newBenchOf(t, func(*Env) {})
	cam, eye := b.film(), &eyes{kind: codec.H264}
	scenes := func(view int) *scene.Scene {
		s := shows(scene.Source{Camera: cam}, true)
		s.Overlays = overlay.State{Usual: motion.Transition{Length: time.Second}}
		s.Views = append(s.Views, s.Views[0])
		s.Views[1].Key = views.ViewKey{Layout: "speaker"}
		s.Viewers = []scene.Viewer{{ID: "x", Stream: eye, Path: eye, Signals: &media.Signals{}, View: view}}
		return s
	}
	bright := func(view int) uint8 { return b.views[view].picture().YCbCrAt(size.X/2, 8).Y }
	fill := func(y uint8) {
		for i := range cam.frame.Y {
			cam.frame.Y[i] = y
		}
		cam.fresh = true
	}
	b.chain.Publish(scenes(0))
	b.ticks(2)
	if got := bright(0); got != 200 {
		t.Fatalf("the room's view is %d bright", got)
	}
	b.chain.Publish(scenes(1))
	b.ticks(1)
	for b.views[0].used() { // the room's view goes on until the other one begins
		if slices.ContainsFunc(b.views[1].all, func(r *rendition.Rendition) bool { return r.Ready() && !r.Idle() }) {
			b.take(<-b.out)
		}
		b.ticks(1)
	}
	fill(100)
	b.ticks(2)
	if room, other := bright(0), bright(1); room != 200 || other != 100 {
		t.Errorf("the room's view, which nobody has, is %d bright, the other one %d", room, other)
	}
	half := scenes(1)
	half.Views[0].Places = []scene.Place{{Rect: image.Rect(32, 0, 64, 32)}}
	b.chain.Publish(half)
	b.ticks(2)
	back := scenes(0)
	back.Views[0].Places = half.Views[0].Places
	b.chain.Publish(back)
	b.ticks(1)
	if left, right := b.views[0].picture().YCbCrAt(8, 8).Y, b.views[0].picture().YCbCrAt(48, 8).Y; left > 60 || right != 100 {
		t.Errorf("the room's view is %d bright where the tile was, and %d where it is", left, right)
	}
}
