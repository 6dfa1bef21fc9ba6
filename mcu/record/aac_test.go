package record_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
)

// TestSoundStaysInPlace: beeps are where they were, in either codec and behind a pause,
// and there is as much sound as picture.
func TestSoundStaysInPlace(t *testing.T) {
	poll.Alone(t)
	for _, codec := range []string{"opus", "aac"} {
		t.Run(codec, func(t *testing.T) {
			s, cfg := newStudio(t), in(t.TempDir())
			cfg.Audio = codec
			if err := record.AACEncoder(); codec == "aac" && err != nil {
				t.Skip(err)
			}
			c, _ := recorder(t, cfg, s)
			s.roll(500 * time.Millisecond)
			id := start(t, c)
			s.roll(4 * time.Second)
			if _, err := c.Pause("studio", id, true); err != nil {
				t.Fatal(err)
			}
			s.roll(1700 * time.Millisecond)
			if _, err := c.Pause("studio", id, false); err != nil {
				t.Fatal(err)
			}
			s.roll(4 * time.Second)
			if info := finish(t, c, id); info.Audio != codec {
				t.Errorf("it says %q", info.Audio)
			}
			p := look(t, file(cfg, id))
			if n := p.frames("h264"); n < 238 || n > 241 {
				t.Errorf("%d pictures", n)
			}
			if l := p.length(); (l - 8*time.Second).Abs() > 2*frame {
				t.Errorf("%v long", l)
			}
			got := beeps(t, file(cfg, id))
			t.Logf("beeps at %v", got)
			// Beeps of the room at 1, 2, 3, 4 s; and from 6.2 s on, which is 4 s of the file, at 7, 8, 9, 10 s.
			for i, want := range []int{500, 1500, 2500, 3500, 4800, 5800, 6800, 7800} {
				want := time.Duration(want) * time.Millisecond
				if i >= len(got) || (got[i]-want).Abs() > 40*time.Millisecond {
					t.Fatalf("beep %d of %v is not at %v", i, got, want)
				}
			}
		})
	}
}

// TestNoEncoder: where FFmpeg is missing, that is said before anything begins; where it
// ends again and again, what was written stays. It is told nothing of the server's environment: the one
// here would not end if it were.
func TestNoEncoder(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	cfg.Audio = "aac"
	c, _ := recorder(t, cfg, s)
	path, tools := os.Getenv("PATH"), t.TempDir()
	t.Setenv("PATH", tools)
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrNoEncoder) || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Errorf("began without FFmpeg: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Dir, "2*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	t.Setenv("A_SECRET", "s3cr3t")
	put(t, filepath.Join(tools, "ffmpeg"), []byte("#!/bin/sh\n[ \"$A_SECRET\" ] && exec /usr/bin/cat >/dev/null\nexec /usr/bin/head -c 200000 >/dev/null\n"))
	if err := os.Chmod(filepath.Join(tools, "ffmpeg"), 0o700); err != nil {
		t.Fatal(err)
	}
	id := start(t, c)
	var info sidecar.Info
	poll.Until(t, "the fourth to end, after two seconds each", func() bool {
		s.roll(500 * time.Millisecond)
		info = await(t, c, id, func(sidecar.Info) bool { return true })
		return ended(info)
	})
	if info.State != sidecar.Failed || !strings.Contains(info.Reason, "FFmpeg") {
		t.Errorf("it is %s: %q", info.State, info.Reason)
	}
	t.Setenv("PATH", path)
	run(t, "ffmpeg", "-v", "error", "-xerror", "-i", file(cfg, id), "-map", "v", "-f", "null", "-")
}

// TestEncoderDies has FFmpeg end in the middle, as the system ends what takes too much memory. Another goes
// on, and the sound is in its place.
func TestEncoderDies(t *testing.T) {
	real := codectest.Program(t, "ffmpeg")
	s, cfg := newStudio(t), in(t.TempDir())
	cfg.Audio = "aac"
	c, _ := recorder(t, cfg, s)
	tools := t.TempDir()
	first := filepath.Join(tools, "ffmpeg")
	put(t, first, []byte("#!/bin/sh\nexec /usr/bin/head -c 150000 >/dev/null\n"))
	if err := os.Chmod(first, 0o700); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", tools)
	id := start(t, c)
	s.roll(time.Second)
	poll.Until(t, "the first one", func() bool { return has(poll.Children(t), "head") })
	if err := errors.Join(os.Remove(first), os.Symlink(real, first)); err != nil {
		t.Fatal(err)
	}
	s.roll(7 * time.Second)
	finish(t, c, id)
	t.Setenv("PATH", path)
	look(t, file(cfg, id))
	got := beeps(t, file(cfg, id))
	for _, want := range []time.Duration{5 * time.Second, 6 * time.Second, 7 * time.Second} {
		if !slices.ContainsFunc(got, func(at time.Duration) bool { return (at - want).Abs() < 40*time.Millisecond }) {
			t.Errorf("no beep at %v: %v", want, got)
		}
	}
}

// has tells whether one of these processes runs a program.
func has(pids []int, program string) bool {
	return slices.ContainsFunc(pids, func(pid int) bool {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) // it may have ended
		return strings.TrimSpace(string(name)) == program
	})
}
