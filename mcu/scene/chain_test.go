package scene

import (
	"image"
	"sync"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu/media"
)

// nothing is a camera, a microphone and a sink.
type nothing struct{}

func (nothing) Picture(time.Time) (*yuv.Frame, bool)         { return nil, false }
func (nothing) Rest()                                        {}
func (nothing) Release()                                     {}
func (nothing) Lost() uint64                                 { return 0 }
func (nothing) Pull(*pcm.Block, time.Time) (l uint8, o bool) { return 0, false }
func (nothing) Close() error                                 { return nil }

// TestChain has two clocks walk a chain while the loop adds to it: each sees every scene
// once, in order.
func TestChain(t *testing.T) {
	c := NewChain()
	const scenes = 1000
	var clocks sync.WaitGroup
	for range 2 {
		cursor := c.Cursor()
		clocks.Go(func() {
			for next := 1; next <= scenes; next++ {
				<-cursor.Superseded()
				if !cursor.Behind() || !cursor.Next() {
					t.Errorf("scene %d was said to be there and is not", next)
					return
				}
				if n := len(cursor.Scene().Members); n != next {
					t.Errorf("after scene %d comes %d", next-1, n)
					return
				}
			}
			if cursor.Behind() || cursor.Next() {
				t.Error("there is a scene behind the last")
			}
		})
	}
	for n := 1; n <= scenes; n++ {
		s := &Scene{Members: make([]Member, n)}
		c.Publish(s)
		if c.Newest() != s {
			t.Error("the newest scene is not the last one")
		}
	}
	clocks.Wait()
}

// TestWake wakes a clock that is not there yet, twice: it wakes once.
func TestWake(t *testing.T) {
	c := NewChain()
	cursor := c.Cursor()
	c.Wake()
	c.Wake()
	<-cursor.Woken()
	select {
	case <-cursor.Woken():
		t.Error("it wakes twice")
	default:
	}
}

// TestScene asks scenes what there is to do for the clocks.
func TestScene(t *testing.T) {
	camera := []Source{{Camera: nothing{}}}
	shown := []View{{Places: []Place{{}}}, {Places: []Place{{Rect: image.Rect(0, 0, 2, 2)}}}}
	hidden := []View{{Places: []Place{{}}}}
	sinks := []*media.Attachment{{}}
	for name, c := range map[string]struct {
		scene                    *Scene
		watched, audible, camera bool
	}{
		"nobody":                 {&Scene{}, false, false, false},
		"a viewer":               {&Scene{Viewers: make([]Viewer, 1)}, true, false, false},
		"a sink":                 {&Scene{Sinks: sinks}, true, true, false},
		"one that sends sound":   {&Scene{Listeners: []Listener{{Microphone: nothing{}}}}, false, false, false},
		"one that hears":         {&Scene{Listeners: []Listener{{Stream: ear{}}}}, false, false, false},
		"one sends, one hears":   {&Scene{Listeners: []Listener{{Microphone: nothing{}}, {Stream: ear{}}}}, false, true, false},
		"a camera in one view":   {&Scene{Sources: camera, Views: shown}, false, false, true},
		"a camera nobody sees":   {&Scene{Sources: camera, Views: hidden}, false, false, false},
		"a place without camera": {&Scene{Sources: make([]Source, 1), Views: shown}, false, false, false},
	} {
		s := c.scene
		if s.Watched() != c.watched || s.Audible() != c.audible || s.HasCameras() != c.camera {
			t.Errorf("%s: watched %v, audible %v, cameras %v", name, s.Watched(), s.Audible(), s.HasCameras())
		}
	}
}
