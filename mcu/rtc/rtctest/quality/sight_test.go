package quality

import (
	"image"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/barcode"
)

// TestSight has an actor's pictures come 100 ms late, in half the canvas's size. A
// fifth is left out, and so is a second.
func TestSight(t *testing.T) {
	born := time.Now().Add(-time.Hour) // numbers have wrapped by now
	start := born.Add(50 * time.Minute)
	camera := rtctest.Camera{}.Complete()
	s := newSight(born, camera, image.Rect(640, 0, 1280, 360), image.Pt(1280, 720))
	img := image.NewYCbCr(image.Rect(0, 0, 640, 360), image.YCbCrSubsampleRatio420)
	tile := img.SubImage(image.Rect(320, 0, 640, 180)).(*image.YCbCr)
	first := 50 * 60 * camera.FrameRate
	for n := range 10 * camera.FrameRate {
		if second := n / camera.FrameRate; second == 5 || n%5 == 2 {
			continue
		}
		filmed := start.Add(time.Duration(n) * time.Second / time.Duration(camera.FrameRate))
		barcode.Paint(tile, (first+n)%barcode.Numbers)
		for range 2 { // the mix shows each twice
			s.look(rtctest.Picture{Image: img, At: filmed.Add(100 * time.Millisecond), Mixed: filmed.Add(80 * time.Millisecond)})
		}
	}
	seen := s.Between(start, start.Add(5*time.Second))
	if seen.Shown != 0.8 || seen.Late != 100*time.Millisecond || seen.Freeze > 140*time.Millisecond {
		t.Errorf("in five seconds: %+v", seen)
	}
	if seen = s.Between(start, start.Add(10*time.Second)); seen.Freeze < time.Second || seen.Freeze > 1100*time.Millisecond {
		t.Errorf("over the pause: %+v", seen)
	}
	if after, ok := s.Resumed(start.Add(5 * time.Second)); !ok || after < time.Second || after > 1200*time.Millisecond {
		t.Errorf("resumed after %v, %v", after, ok)
	}
	if late, ok := s.delay(start.Add(time.Second)); !ok || late != 80*time.Millisecond {
		t.Errorf("in the mix after %v, %v", late, ok)
	}
}

// TestHearing has two warble at once, one of them 100 ms late and with a pause.
func TestHearing(t *testing.T) {
	born := time.Now()
	one, two := Warble{600, 1000}, Warble{1600, 2200}
	h, other := newHearing(born, one), newHearing(born, two)
	const late = 100 * time.Millisecond
	waves := []func(int) float32{one.Wave(), two.Wave()}
	block := make([]float32, pcm.Samples)
	for n := range 10 * pcm.Rate / pcm.Samples {
		for i := range block {
			at := n*pcm.Samples + i
			block[i] = waves[1](at)
			if n < 260 || n >= 263 { // 60 ms, far from its pauses
				block[i] += waves[0](at)
			}
		}
		at := born.Add(time.Duration(n)*pcm.Duration + late)
		sound := rtctest.Sound{Block: block, At: at, Mixed: at}
		h.listen(sound)
		other.listen(sound)
	}
	start, end := born.Add(time.Second), born.Add(10*time.Second)
	if gap := h.Gap(start, end); gap < 55*time.Millisecond || gap > 70*time.Millisecond {
		t.Errorf("the longest gap is %v", gap)
	}
	if gap := other.Gap(start, end); gap > 5*time.Millisecond {
		t.Errorf("the other has a gap of %v", gap)
	}
	if len(h.shifts) != 19 {
		t.Fatalf("heard %d changes", len(h.shifts))
	}
	for _, s := range h.shifts {
		if d := s.late - late; d.Abs() > 5*time.Millisecond {
			t.Errorf("a change %v after it was spoken", s.late)
		}
	}
}
