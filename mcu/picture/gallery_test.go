package picture

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/scene"
	"tilemix/mcu/views"
)

// TestGallery shows scenes with any views in any order: a view goes on while scenes have it, each scene
// has its views in its order, and none is left of those that went.
func TestGallery(t *testing.T) {
	b, open := newLadderBench(t)
	kept := map[views.ViewKey]*view{{}: b.views[0]}
	rapid.Check(t, func(rt *rapid.T) {
		for _, ids := range rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.IntRange(1, 5), 0, 5, rapid.ID[int]), 1, 6).Draw(rt, "scenes") {
			s := &scene.Scene{Views: []scene.View{{Size: size}}}
			for _, id := range ids {
				s.Views = append(s.Views, scene.View{Key: views.ViewKey{Pinned: views.IDs(fmt.Sprint(id))}, Size: size})
			}
			b.show(s)
			if len(b.views) != len(s.Views) || len(b.ending) != 0 {
				rt.Fatalf("%d views of %d, %d end", len(b.views), len(s.Views), len(b.ending))
			}
			now := map[views.ViewKey]*view{}
			for i, v := range b.views {
				if v.key != s.Views[i].Key || kept[v.key] != nil && kept[v.key] != v {
					rt.Fatalf("view %d is %v, or another than before", i, v.key)
				}
				if v.inline != (i == 0) || find(b.views[:i], v.key) != nil {
					rt.Fatalf("view %d of %v", i, v.key)
				}
				now[v.key] = v
			}
			kept = now
		}
	})
	if open.made.Load() != 0 {
		t.Error("a view without viewers has an encoder")
	}
}

// TestStrained asks to be rid of a view from time to time while the clock misses ticks again and again and the
// server is what takes the machine. It asks not for a pause however long, and never for the room's own view.
func TestStrained(t *testing.T) {
	b, _ := newLadderBench(t)
	g := &b.gallery
	now, used := b.now, time.Duration(0)
	part := 0.9 // of the machine, that the server takes
	g.strain.cores, g.strain.cpu = 2, func() time.Duration { return used }
	ticks := func(n int, missed func(i int) int) (asked int) {
		before := b.reports.strained
		for i := range n {
			now, used = now.Add(time.Second/30), used+time.Duration(2*part*float64(time.Second/30))
			g.strained(missed(i), now)
		}
		return b.reports.strained - before
	}
	every := func(n int) func(int) int {
		return func(i int) int {
			if i%n == 0 {
				return 1
			}
			return 0
		}
	}
	none := func(int) int { return 0 }
	if n := ticks(300, every(2)); n != 0 {
		t.Errorf("a room with its own view alone is asked %d times", n)
	}
	ticks(300, none)
	g.show(&scene.Scene{Views: []scene.View{{Size: size}, {Key: views.ViewKey{Layout: "speaker"}, Size: size}}})
	pause := func(i int) int {
		if i == 0 {
			return 45
		}
		return 0
	}
	if n := ticks(90, pause) + ticks(90, pause) + ticks(300, every(30)); n != 0 {
		t.Errorf("it is asked %d times for pauses, and a tick a second", n)
	}
	part = 0.3
	ticks(60, none)
	if n := ticks(300, every(2)); n != 0 {
		t.Errorf("it is asked %d times because of other programs", n)
	}
	ticks(300, none)
	part = 0.9
	ticks(60, none)
	if n := ticks(30, every(2)); n != 0 {
		t.Errorf("it is asked %d times within a second", n)
	}
	if n := ticks(180, every(2)); n != 3 {
		t.Errorf("it is asked %d times in three of its times", n)
	}
	if n := ticks(300, none); n > 1 {
		t.Errorf("it is asked %d times after the strain", n)
	}
}
