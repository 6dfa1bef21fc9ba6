package aac_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
	"tilemix/mcu/aac"
	"tilemix/mcu/ffmpeg"
)

// silent is Opus of 20 ms.
var silent = []byte{0xf8, 0xff, 0xfe}

// TestFrames: frames follow each other without a gap, from the first packet on, also behind a pause and where FFmpeg
// ran before.
func TestFrames(t *testing.T) {
	codectest.Program(t, "ffmpeg")
	for name, warm := range map[string]bool{"cold": false, "warm": true} {
		const begin = 5 * time.Second
		var times []time.Duration
		v, err := aac.New(aac.Config{Channels: 1, Patience: 5 * time.Second, Put: func(frame []byte, at time.Duration) error {
			if len(frame) == 0 {
				t.Error("an empty frame")
			}
			times = append(times, at)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Start(); err != nil {
			t.Fatal(err)
		}
		if warm {
			v.Warm(10 * time.Second)
		}
		for i := range 100 {
			if i > 40 && i < 60 {
				continue // silence fills it
			}
			if err := v.Write(silent, begin+time.Duration(i)*20*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Close(true); err != nil {
			t.Fatal(err)
		}
		step := time.Second * aac.Frame / pcm.Rate
		for i := range times[:len(times)-1] {
			if off := times[i+1] - times[i] - step; off.Abs() > time.Microsecond {
				t.Fatalf("%s: frame %d comes %v after the one before", name, i+1, off+step)
			}
		}
		first, last := times[0]-begin, times[len(times)-1]-begin
		if !warm && first.Abs() > time.Millisecond || warm && first > 0 || last < 1950*time.Millisecond || last > 2*time.Second {
			t.Errorf("%s: frames are from %v to %v", name, first, last)
		}
	}
}

// TestLive has FFmpeg take nothing. A live stream does not wait for it, but for so long that it must be at an end.
func TestLive(t *testing.T) {
	tools := t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "ffmpeg"), []byte("#!/bin/sh\nexec /bin/sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)
	const patience = 200 * time.Millisecond
	v, err := aac.New(aac.Config{Channels: 2, Live: true, Patience: patience, Put: func([]byte, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	began, calls := time.Now(), 0
	for err = nil; err == nil && calls < 1_000_000; calls++ {
		err = v.Write(silent, time.Duration(calls)*20*time.Millisecond)
	}
	if took := time.Since(began); err == nil || calls < 100 || took < patience {
		t.Errorf("%d packets in %v, %v", calls, took, err)
	}
	_ = v.Close(false)
}

// TestRevivalFails: where no other FFmpeg starts in place of one that hangs, Write says so, also the next time,
// and Close returns.
func TestRevivalFails(t *testing.T) {
	tools := t.TempDir()
	program := filepath.Join(tools, "ffmpeg")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec /bin/sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)
	v, err := aac.New(aac.Config{Channels: 1, Live: true, Patience: 100 * time.Millisecond, Put: func([]byte, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		var err error
		for at := time.Duration(0); !errors.Is(err, ffmpeg.ErrMissing); at += 20 * time.Millisecond {
			err = v.Write(silent, at)
		}
		if err := v.Write(silent, 0); err == nil {
			t.Error("Write takes sound without FFmpeg")
		}
		done <- v.Close(true)
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it hangs")
	}
}

// TestMissing: without FFmpeg there is no AAC.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := aac.New(aac.Config{Channels: 1}); !errors.Is(err, ffmpeg.ErrMissing) {
		t.Errorf("%v", err)
	}
}
