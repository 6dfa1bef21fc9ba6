package capture_test

import (
	"errors"
	"image"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
	"tilemix/mcu/capture"
	"tilemix/mcu/rtc/rtctest/signal"
)

var want = capture.Format{Size: image.Pt(640, 480), FrameRate: 30}

// TestBars looks at the test picture's bars, which come with the chroma of 4:2:2.
func TestBars(t *testing.T) {
	camera, err := capture.OpenCamera(t.Context(), capture.Test, want, false)
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	img, err := camera.Read()
	if err != nil {
		t.Fatal(err)
	}
	if img.Rect.Size() != want.Size || img.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		t.Fatalf("picture is %v, %v", img.Rect, img.SubsampleRatio)
	}
	for bar, colour := range map[int]signal.Colour{0: {Y: 176, Cb: 128, Cr: 128}, 3: {Y: 108, Cb: 54, Cr: 34}, 6: {Y: 30, Cb: 240, Cr: 110}} {
		left := bar*640/7 + 10
		if got := signal.Mean(img, image.Rect(left, 20, left+60, 340)); got.Distance(colour) > 1 {
			t.Errorf("bar %d is %v, not %v", bar, got, colour)
		}
	}
}

func TestTone(t *testing.T) {
	began := time.Now() // of the signal at the earliest
	microphone, err := capture.OpenMicrophone(t.Context(), capture.Test, false)
	if err != nil {
		t.Fatal(err)
	}
	defer microphone.Close()
	var sound []float32
	for range 10 {
		var block pcm.Block
		if err := microphone.Read(&block); err != nil {
			t.Fatal(err)
		}
		sound = append(sound, block[:]...)
	}
	if a := signal.Amplitude(sound, 480); a < 0.24 || a > 0.26 {
		t.Errorf("amplitude is %.3f", a)
	}
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("200 ms took %v", took)
	}
}

// film makes a second of a film in red with a tone.
func film(t *testing.T) string {
	t.Helper()
	tool := codectest.Program(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "-film%d.mkv") // no option, no pattern
	out, err := exec.CommandContext(t.Context(), tool, "-v", "error", "-f", "lavfi", "-i", "color=red:size=1280x960:rate=25",
		"-f", "lavfi", "-i", "sine=1000", "-t", "1", "file:"+file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v, %s", err, out)
	}
	return file
}

// TestFilm reads a file that is larger than is wished for, to its end.
func TestFilm(t *testing.T) {
	file, pictures := film(t), 0
	began := time.Now() // of the reading at the earliest
	camera, err := capture.OpenCamera(t.Context(), file, want, false)
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	for {
		img, err := camera.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		red := signal.Colour{Y: 81, Cb: 90, Cr: 240}
		if got := signal.Mean(img, img.Rect); img.Rect.Size() != want.Size || got.Distance(red) > 3 {
			t.Fatalf("picture %d is %v of %v", pictures, img.Rect.Size(), got)
		}
		pictures++
	}
	if took := time.Since(began); pictures < 29 || pictures > 31 || took < 700*time.Millisecond {
		t.Errorf("%d pictures in %v", pictures, took)
	}
}

// TestLoop reads the sound of a file for longer than it is.
func TestLoop(t *testing.T) {
	file := film(t)
	for _, loop := range []bool{false, true} {
		microphone, err := capture.OpenMicrophone(t.Context(), file, loop)
		if err != nil {
			t.Fatal(err)
		}
		var block pcm.Block
		n := 0
		for ; n < 75 && err == nil; n++ {
			err = microphone.Read(&block)
		}
		if loop && err != nil || !loop && (!errors.Is(err, io.EOF) || n < 50) {
			t.Errorf("loop %v: %d blocks, then %v", loop, n, err)
		}
		_ = microphone.Close()
	}
}

func TestNoDevice(t *testing.T) {
	if _, err := capture.OpenCamera(t.Context(), "/dev/video99", want, false); !errors.Is(err, capture.ErrNoDevice) {
		t.Errorf("camera: %v", err)
	}
	if _, err := capture.OpenMicrophone(t.Context(), "no such microphone", false); err == nil {
		t.Error("there is a microphone that should not be")
	}
}
