package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/yuv"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
)

// lively sends a picture that moves all over.
func lively(g *guest) {
	var reel []*image.YCbCr
	for n := range 60 {
		reel = append(reel, codectest.Picture(640, 360, n))
	}
	g.Film(rtctest.Camera{Size: image.Pt(640, 360), FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
		yuv.Copy(img, reel[int(at*30/time.Second)%len(reel)])
	}})
}

// awaitHeight waits until pictures have a height.
func (g *guest) awaitHeight(height int) {
	g.VideoSink.Await(fmt.Sprintf("pictures of %d lines", height), func(p rtctest.Picture) error {
		if h := p.Image.Rect.Dy(); h != height {
			return fmt.Errorf("%d lines", h)
		}
		return nil
	})
}

// told waits until the newest news of the rendition are of a height.
func (g *guest) awaitTold(t *testing.T, height int) control.Rendition {
	t.Helper()
	return next(t, &g.news, fmt.Sprintf("news of %d lines", height), func(m control.Rendition) bool { return m.Height == height })
}

// strays counts what a viewer sees that is not as everybody's: other sizes, and IDRs.
type strays struct{ sizes, keys, pictures int }

// watchStrays looks at the pictures that are mixed from now on; others may be on their way. soFar is their number until
// count ends it.
func (g *guest) watchStrays(size image.Point) (soFar func() int, count func() strays) {
	seen, from := make(chan rtctest.Picture, 10_000), time.Now()
	forget := g.VideoSink.Watch(func(p rtctest.Picture) {
		if !p.Mixed.IsZero() && p.Mixed.Before(from) {
			return
		}
		select {
		case seen <- rtctest.Picture{Key: p.Key, Timestamp: uint32(p.Image.Rect.Dx())<<16 | uint32(p.Image.Rect.Dy())}:
		default:
		}
	})
	return func() int { return len(seen) }, func() strays {
		forget()
		var s strays
		for len(seen) > 0 {
			p := <-seen
			s.pictures++
			if p.Key {
				s.keys++
			}
			if image.Pt(int(p.Timestamp>>16), int(p.Timestamp&0xffff)) != size {
				s.sizes++
			}
		}
		return s
	}
}

// TestLadder narrows one viewer's line again and again, and looks at what that viewer and
// the others see.
func TestLadder(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub, calm := s.join("ladder", "Pub", publisher), s.join("ladder", "Calm", viewer)
	lively(pub)
	var line mcu.Line
	slow := s.joinOver("ladder", "Slow", viewer, &line)
	for _, g := range []*guest{calm, slow} {
		g.awaitHeight(360)
	}
	if m := slow.awaitTold(t, 360); m.Width != 640 || m.MaxBitrate != 800_000 || !m.Active {
		t.Errorf("told %+v", m)
	}
	soFar, count := calm.watchStrays(image.Pt(640, 360))
	encodes, begin := s.metric("tilemix_picture_encodes_total", "360"), time.Now()
	s.await("the first rendition to be the only one", func() bool { return s.metric("tilemix_renditions") == 1 })

	line.Bits.Store(360_000)
	slow.awaitHeight(180)
	slow.awaitTold(t, 180)
	line.Bits.Store(110_000)
	slow.awaitHeight(90)
	m := slow.awaitTold(t, 90)
	if m.Width != 160 || m.MaxFramerate != 15 || m.MaxBitrate != 80_000 {
		t.Errorf("told %+v", m)
	}
	line.Bits.Store(20_000)
	next(t, &slow.news, "news of sound alone", func(m control.Rendition) bool { return !m.Active })
	if n := s.metric("tilemix_picture_viewers", "0"); n != 1 {
		t.Errorf("%v viewers have sound only", n)
	}
	s.await("lower renditions to end", func() bool { return s.metric("tilemix_renditions") == 1 })
	line.Bits.Store(5_000_000)
	for _, height := range []int{90, 180, 360} {
		slow.awaitHeight(height)
	}
	slow.awaitHeight(360)
	// Of the pictures that are encoded while this test looks, some may not have been seen, and some are on their way.
	encoded := func() float64 { return s.metric("tilemix_picture_encodes_total", "360") - encodes }
	least := encoded()
	s.await("the other to see what was encoded", func() bool { return float64(soFar()) >= least-3 })
	seen, took := count(), time.Since(begin)
	t.Logf("in %v the other saw %+v", took, seen)
	if seen.sizes > 0 || seen.keys > 2 { // as the slow viewer came, and as they came back
		t.Errorf("the other saw %d pictures of another size and %d IDRs", seen.sizes, seen.keys)
	}
	if n := float64(seen.pictures); n > encoded()+3 {
		t.Errorf("the other saw %d pictures of %v", seen.pictures, least)
	}
	if up, down := s.metric("tilemix_rendition_moves_total", "better"), s.metric("tilemix_rendition_moves_total", "lesser"); up != 3 || down != 3 {
		t.Errorf("%v moves up, %v down", up, down)
	}
	checkStreams(t, calm, slow)
}

// TestStormOnALowerRung has a slow viewer ask for key frames without end: the viewer gets
// a few of their own rendition, and the others none.
func TestStormOnALowerRung(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub, calm := s.join("storm", "Pub", publisher), s.join("storm", "Calm", viewer)
	lively(pub)
	var line mcu.Line
	slow := s.joinOver("storm", "Slow", viewer, &line)
	line.Bits.Store(360_000)
	slow.awaitHeight(180)
	calm.awaitHeight(360)
	_, count := calm.watchStrays(image.Pt(640, 360))
	keys := s.metric("tilemix_key_frames_total", "180")
	begin, asked, seen := time.Now(), 0, 0
	slow.VideoSink.Await("three key frames", func(p rtctest.Picture) error {
		slow.RequestKeyFrame()
		asked++
		if p.Key {
			seen++
		}
		if seen < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	took := time.Since(begin)
	keys = s.metric("tilemix_key_frames_total", "180") - keys
	if most := took.Seconds() + 1; keys > most {
		t.Errorf("%v IDRs in %v", keys, took)
	}
	if others := count(); others.keys > 0 || others.sizes > 0 {
		t.Errorf("the slow viewer asked %d times, and the other saw %+v", asked, others)
	}
	checkStreams(t, calm, slow)
}

// TestManySlowViewers all share what they have.
func TestManySlowViewers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real time from a machine that the race detector slows down")
	}
	t.Parallel()
	s := serve(t, small())
	pub := s.join("many", "Pub", publisher)
	lively(pub)
	var lines [4]mcu.Line
	var slow []*guest
	for i := range lines {
		slow = append(slow, s.joinOver("many", fmt.Sprint(i), viewer, &lines[i]))
	}
	for i, g := range slow {
		g.awaitHeight(360)
		lines[i].Bits.Store(360_000)
	}
	for _, g := range slow {
		g.awaitHeight(180)
	}
	s.await("the full rendition to end", func() bool {
		return s.metric("tilemix_renditions", "360") == 0 && s.metric("tilemix_renditions", "180") == 1
	})
	before := s.metric("tilemix_picture_encodes_total")
	begin := time.Now()
	seen := 0
	slow[0].VideoSink.Await("thirty pictures", func(rtctest.Picture) error {
		if seen++; seen < 30 {
			return errors.New("not yet")
		}
		return nil
	})
	n, most := s.metric("tilemix_picture_encodes_total")-before, 15*time.Since(begin).Seconds()+3
	if n > most {
		t.Errorf("%v encodes for four viewers of one rendition, not %v", n, most)
	}
	checkStreams(t, slow...)
}
