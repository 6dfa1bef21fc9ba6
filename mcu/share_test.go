package mcu_test

import (
	"fmt"
	"image"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mixer/layout"
)

// TestShareScreen has a client send a screen beside its camera (RFC 9143, one connection). Another
// one sees the screen within a second, on three quarters of the canvas and whole, with nothing over
// it, and the cameras beside it. When the screen goes it is replaced by the grid.
func TestShareScreen(t *testing.T) {
	s := serve(t, small())
	ada := s.join("share", "Ada", rtctest.Options{Cameras: 2})
	ben := s.join("share", "Ben", rtctest.Options{})
	film(ada, red)
	film(ben, green)
	canvas := image.Pt(s.cfg.Width, s.cfg.Height)
	before := s.place(ada, ben)
	ben.VideoSink.Await("both cameras", func(p rtctest.Picture) error { return shows(p.Image, before[ada], red) })

	began := time.Now()
	ada.Share(rtctest.Camera{Size: image.Pt(640, 360), Draw: func(img *image.YCbCr, _ time.Duration) { blue.Paint(img) }})
	screen, _ := layout.ByName("screen")
	tiles := screen.Place(canvas, []layout.Source{
		{ID: layout.SourceID{Participant: ada.id, Kind: layout.Screen}},
		{ID: layout.SourceID{Participant: ada.id}}, {ID: layout.SourceID{Participant: ben.id}},
	})
	_, slide := layout.Screen.Fit(image.Pt(640, 360), tiles[0].Rect)
	if part := float64(slide.Dx()*slide.Dy()) / float64(canvas.X*canvas.Y); part < .75 {
		t.Errorf("the slide has %.3f of the canvas", part)
	}
	ben.VideoSink.Await("the screen, and nothing over it", func(p rtctest.Picture) error {
		for y := slide.Min.Y + 8; y < slide.Max.Y-8; y += 4 {
			for x := slide.Min.X + 8; x < slide.Max.X-8; x += 4 {
				if got := signal.Mean(p.Image, image.Rect(x, y, x+4, y+4)); got.Distance(blue) > 12 {
					return fmt.Errorf("at %d,%d of %v: %v", x, y, slide, got)
				}
			}
		}
		return shows(p.Image, tiles[1].Rect, red)
	})
	if took := time.Since(began); took > time.Second {
		t.Errorf("the screen was seen after %v", took)
	}
	next(t, &ben.news, "Ada's screen", func(l control.Layout) bool { return l.Name == "screen" && l.Tiles[1].Screen })

	if err := ada.Unshare(t.Context(), ada.p); err != nil {
		t.Fatal(err)
	}
	next(t, &ben.news, "the grid", func(l control.Layout) bool { return l.Name == "grid" && len(l.Tiles) == 2 })
	ben.VideoSink.Await("both cameras again", func(p rtctest.Picture) error { return shows(p.Image, before[ada], red) })
}
