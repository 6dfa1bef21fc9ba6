package scene

import (
	"image"
	"testing"

	"pgregory.net/rapid"
)

// TestCursorsSeeEveryScene publishes scenes while two cursors walk at any pace: each sees every
// scene once, in order, and knows when there is a newer one.
func TestCursorsSeeEveryScene(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewChain()
		cursors := []*Cursor{c.Cursor(), c.Cursor()}
		var published []*Scene
		at := make([]int, len(cursors)) // scenes that each has seen
		for _, do := range rapid.SliceOfN(rapid.IntRange(0, 2), 1, 60).Draw(t, "steps") {
			if do == 2 {
				published = append(published, &Scene{})
				c.Publish(published[len(published)-1])
				continue
			}
			cursor, more := cursors[do], at[do] < len(published)
			superseded := false
			select {
			case <-cursor.Superseded():
				superseded = true
			default:
			}
			if cursor.Behind() != more || superseded != more || cursor.Next() != more {
				t.Fatalf("cursor %d at %d of %d: behind %v, superseded %v", do, at[do], len(published), cursor.Behind(), superseded)
			}
			if more {
				at[do]++
				if cursor.Scene() != published[at[do]-1] {
					t.Fatalf("cursor %d is not at scene %d", do, at[do])
				}
			}
		}
		if n := len(published); n > 0 && (c.Newest() != published[n-1] || c.Cursor().Scene() != published[n-1] || c.Cursor().Behind()) {
			t.Fatal("the newest scene is not the last that was published")
		}
	})
}

// TestSeen has a source seen where any view has a place for it.
func TestSeen(t *testing.T) {
	place := Place{Rect: image.Rect(0, 0, 2, 2)}
	s := &Scene{
		Sources: []Source{{Camera: nothing{}}, {}, {Camera: nothing{}}},
		Views:   []View{{Places: []Place{{}, place, {}}}, {Places: []Place{{}, {}, {}}}},
	}
	if s.Seen(0) || !s.Seen(1) || s.Seen(2) || s.HasCameras() {
		t.Error("a source without a place is seen, or a source without a camera is one")
	}
	s.Views[1].Places[2] = place
	if s.Seen(0) || !s.Seen(2) || !s.HasCameras() {
		t.Error("the second view does not count")
	}
	if (&Scene{}).HasCameras() || (&Scene{}).Watched() || (&Scene{}).Audible() {
		t.Error("an empty scene has something")
	}
}
