package broadcast

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/codectest"
	"tilemix/codec/ticks"
	"tilemix/mcu/intake"
	"tilemix/mcu/ladder"
	"tilemix/mcu/mcutest/poll"
)

// TestWithoutAAC has FFmpeg be missing, and end at once again and again. The broadcast goes on with Opus, and says so.
func TestWithoutAAC(t *testing.T) {
	for name, script := range map[string]string{"missing": "", "ends": "#!/bin/sh\nexit 1\n"} {
		t.Run(name, func(t *testing.T) {
			tools := t.TempDir()
			t.Setenv("PATH", tools)
			if script != "" {
				if err := os.WriteFile(filepath.Join(tools, "ffmpeg"), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			s := newStage(t, Default())
			if _, _, err := s.Start("live", Options{Audio: []string{"opus", "aac"}}); err != nil {
				t.Fatal(err)
			}
			poll.Until(t, "FFmpeg to be given up", func() bool {
				s.roll(500*time.Millisecond, 30, nil)
				i, err := s.Get("live")
				return err == nil && strings.Contains(i.Notice, "Opus only")
			})
			s.roll(7*time.Second, 30, nil)
			s.media("audio2")
			i, err := s.Get("live")
			if err != nil || !strings.Contains(i.Notice, "Opus only") || !slices.Equal(i.Audio, []string{"opus"}) || i.State != On {
				t.Errorf("%+v, %v", i, err)
			}
			if lists := CheckRules(t, s.ask, true); len(lists) != 2 {
				t.Errorf("there are %v", lists)
			}
		})
	}
}

// TestSilence has FFmpeg decode the frames that take the place of AAC that is late.
func TestSilence(t *testing.T) {
	ffmpeg := codectest.Program(t, "ffmpeg")
	for _, channels := range []int{1, 2} {
		s := newSound(channels, true)
		var stream bytes.Buffer
		for range 20 { // ADTS, ISO/IEC 13818-7 §6.2: AAC-LC, 48 kHz
			size := 7 + len(s.silence)
			stream.Write([]byte{0xff, 0xf1, 0x4c, byte(channels << 6), byte(size >> 3), byte(size<<5) | 0x1f, 0xfc})
			stream.Write(s.silence)
		}
		var out, said bytes.Buffer
		cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-xerror", "-f", "aac", "-i", "-", "-f", "s16le", "-")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = &stream, &out, &said
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%d channels: %v, %s", channels, err, said.Bytes())
		}
		if n := out.Len(); n < 18*2048*channels || len(bytes.Trim(out.Bytes(), "\x00")) > 0 {
			t.Errorf("%d channels: %d bytes, not all silent", channels, n)
		}
	}
}

// TestBothPause has pictures and AAC pause together, as on a machine that stands still: no part is without sound.
func TestBothPause(t *testing.T) {
	stage := newStage(t, Default())
	b := &broadcast{home: stage.Broadcaster, room: "live"}
	s := &session{of: b, sound: newSound(2, true)}
	picture := func(at time.Duration, key bool) {
		t.Helper()
		if key {
			stage.enc.ForceKeyFrame()
		}
		au, err := stage.enc.Encode(codectest.Picture(stage.size.X, stage.size.Y, 0), at)
		if err != nil {
			t.Fatal(err)
		}
		u := &intake.Unit{Data: au.Data, Key: au.Key, At: at}
		p, err := parse(u)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.rungs) == 0 {
			r, err := newRung(ladder.Rung{}, p, videoList, s.sound.tracks(), func(err error) { t.Log(err) }) // a part that is longer
			if err != nil {
				t.Fatal(err)
			}
			s.rungs = append(s.rungs, r)
		}
		if err := s.picture(0, p, u); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 130 {
		at := time.Duration(n) * time.Second / 30
		if n > 96 && n < 106 {
			continue // a part has begun, and nothing comes for longer than it may be
		}
		picture(at, n%30 == 0)
		for n != 96 && s.sound.next < ticks.Of(at, audioRate) {
			s.frame(s.sound.silence, ticks.Duration(s.sound.next, audioRate))
		}
	}
	defer s.close()
	list := s.rungs[0].ask(aacList, "")
	parts := 0
	for _, tag := range lines(list.body.String(), "#EXT-X-PART:") {
		part := s.rungs[0].ask(attributesOf(tag)["URI"], "")
		f, err := boxes.DecodeFile(&part.body)
		if err != nil {
			t.Fatal(err)
		}
		if traf := f.Segments[0].Fragments[0].Moof.Traf; traf == nil || traf.Trun.SampleCount() == 0 {
			t.Errorf("%s is empty", tag)
		}
		parts++
	}
	if parts < 6 {
		t.Errorf("the playlist has %d parts: %s", parts, list.body.String())
	}
}
