package room

import (
	"image"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/codec/pcm"
	"tilemix/mcu/scene"
	"tilemix/mixer/decor"
)

// hum is a microphone that says the same in each block, or nothing.
type hum struct {
	says   float32
	level  uint8
	silent bool
	pulled int
}

func (o *hum) Pull(dst *pcm.Block, _ time.Time) (uint8, bool) {
	o.pulled++
	if o.silent {
		return 127, false
	}
	for i := range dst {
		dst[i] = o.says
	}
	return o.level, true
}

func (*hum) Close() error { return nil }

// TestMixedParts hears a screen's sound together with its participant's microphone, and either alone. A muted
// microphone is read on, so that it does not lag when it is heard again.
func TestMixedParts(t *testing.T) {
	for name, c := range map[string]struct {
		mic, screen *hum
		muted       bool
		want        float32
		level       uint8
		ok          bool
	}{
		"both":                 {&hum{says: .25, level: 20}, &hum{says: .5, level: 40}, false, .75, 20, true},
		"both, screen louder":  {&hum{says: .25, level: 50}, &hum{says: .5, level: 40}, false, .75, 40, true},
		"muted":                {&hum{says: .25, level: 20}, &hum{says: .5, level: 40}, true, .5, 40, true},
		"muted and no sound":   {&hum{says: .25, level: 20}, &hum{silent: true}, true, 0, 127, false},
		"the microphone alone": {&hum{says: .25, level: 20}, &hum{silent: true}, false, .25, 20, true},
		"the screen alone":     {&hum{silent: true}, &hum{says: .5, level: 40}, false, .5, 40, true},
		"no microphone":        {nil, &hum{says: .5, level: 40}, false, .5, 40, true},
		"neither":              {&hum{silent: true}, &hum{silent: true}, false, 0, 127, false},
	} {
		d := mixed{screen: c.screen, muted: c.muted}
		if c.mic != nil {
			d.mic = c.mic
		}
		for range 2 { // nothing of the block before is left
			var got pcm.Block
			level, ok := d.Pull(&got, time.Time{})
			if level != c.level || ok != c.ok || got[0] != c.want || got[pcm.Samples-1] != c.want {
				t.Errorf("%s: %v at level %d, %v", name, got[0], level, ok)
			}
		}
		if c.screen.pulled != 2 || c.mic != nil && c.mic.pulled != 2 {
			t.Errorf("%s: one of them is not read", name)
		}
	}
	a, b := &hum{}, &hum{}
	d := mixed{mic: a, screen: b}
	if !d.same(mixed{mic: a, screen: b}) || d.same(mixed{mic: b, screen: b}) || d.same(mixed{mic: a, screen: a}) || d.same(mixed{mic: a, screen: b, muted: true}) {
		t.Error("two mixes are the same, or one is not itself")
	}
	var block pcm.Block
	if n := testing.AllocsPerRun(100, func() { d.Pull(&block, time.Time{}) }); n > 0 {
		t.Errorf("a block allocates %v times", n)
	}
}

// TestWhole finds the tiles that cut nothing off a source, by the order of their sizes.
func TestWhole(t *testing.T) {
	s := &scene.Scene{}
	for _, v := range []struct {
		width int
		whole bool
	}{{320, true}, {640, false}, {0, true}, {160, true}, {640, false}} {
		s.Views = append(s.Views, scene.View{Places: []scene.Place{{Rect: image.Rect(0, 0, v.width, v.width/2), Trim: decor.Trim{Whole: v.whole}}}})
	}
	all, _ := sizes(s, 0)
	if got := whole(s, 0, all); got != 0b110 {
		t.Errorf("of %v those that cut nothing off are %b", all, got)
	}
}

// TestSizes finds the sizes of a source's tiles in any views: each once, the largest first, and the size
// that covers all.
func TestSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scene.Scene{}
		side := rapid.SampledFrom([]int{0, 160, 320, 640, 1280})
		seen := map[image.Point]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "views") {
			tile := image.Rect(0, 0, side.Draw(t, "width"), side.Draw(t, "height"))
			if tile.Empty() {
				tile = image.Rectangle{}
			} else {
				seen[tile.Size()] = true
			}
			s.Views = append(s.Views, scene.View{Places: []scene.Place{{Rect: image.Rect(0, 0, 9, 9)}, {Rect: tile.Add(image.Pt(0, 2))}}})
		}
		all, covering := sizes(s, 1)
		if len(all) != len(seen) {
			t.Fatalf("%v of %v", all, seen)
		}
		var most image.Point
		for i, size := range all {
			if !seen[size] || i > 0 && size.X*size.Y > all[i-1].X*all[i-1].Y {
				t.Fatalf("%v of %v", all, seen)
			}
			most = image.Pt(max(most.X, size.X), max(most.Y, size.Y))
		}
		if covering != most {
			t.Fatalf("%v covers %v", covering, all)
		}
	})
}
