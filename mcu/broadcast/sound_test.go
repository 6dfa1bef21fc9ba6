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
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
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

// TestSilence has FFmpeg decode the frames that take the place of AAC that is late, and libopus those of Opus.
func TestSilence(t *testing.T) {
	ffmpeg := codectest.Program(t, "ffmpeg")
	for _, channels := range []int{1, 2} {
		s := newSound(channels, true)
		dec, err := opus.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		var block [6 * pcm.Samples]float32 // 120 ms
		n, err := dec.Decode(block[:], s.voices[0].silence)
		if err != nil || n != pcm.Samples || slices.ContainsFunc(block[:], func(v float32) bool { return max(v, -v) > 1e-6 }) {
			t.Errorf("Opus of %d channels: %d samples, %v, or not silent", channels, n, err)
		}
		if err := dec.Close(); err != nil {
			t.Error(err)
		}
		silence := s.voices[1].silence
		var stream bytes.Buffer
		for range 20 { // ADTS, ISO/IEC 13818-7 §6.2: AAC-LC, 48 kHz
			size := 7 + len(silence)
			stream.Write([]byte{0xff, 0xf1, 0x4c, byte(channels << 6), byte(size >> 3), byte(size<<5) | 0x1f, 0xfc})
			stream.Write(silence)
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

// TestBothPause has pictures and sound pause together, as on a machine that stands still: no part is without sound.
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
	var spoken time.Duration
	for n := range 130 {
		if n == 106 {
			spoken = 106*time.Second/30 - 6*pcm.Duration // the clock of the sound makes up for no more
		}
		at := time.Duration(n) * time.Second / 30
		if n > 96 && n < 106 {
			continue // a part has begun, and nothing comes for longer than it may be
		}
		picture(at, n%30 == 0)
		opus, aac := s.sound.voices[0], s.sound.voices[1]
		for ; n != 96 && spoken <= at; spoken += pcm.Duration {
			s.packet(&intake.Unit{Data: opus.silence, At: spoken})
		}
		for n != 96 && aac.next < ticks.Of(at, audioRate) {
			s.frame(aac.silence, ticks.Duration(aac.next, audioRate))
		}
	}
	defer s.close()
	for _, v := range s.sound.voices {
		filled(t, s.rungs[0], v.list)
	}
}

// filled holds each part of a playlist to have samples, whose times grow.
func filled(t *testing.T, r *rung, name string) {
	t.Helper()
	list := r.ask(name, "")
	parts := 0
	var ends uint64
	for _, tag := range lines(list.body.String(), "#EXT-X-PART:") {
		part := r.ask(attributesOf(tag)["URI"], "")
		f, err := boxes.DecodeFile(&part.body)
		if err != nil {
			t.Fatal(err)
		}
		traf := f.Segments[0].Fragments[0].Moof.Traf
		if traf == nil || traf.Trun.SampleCount() == 0 {
			t.Fatalf("%s is empty", tag)
		}
		begins := traf.Tfdt.BaseMediaDecodeTime()
		if begins < ends {
			t.Errorf("%s begins at %d, before %d", tag, begins, ends)
		}
		ends = begins + traf.Trun.Duration(0)
		parts++
	}
	if parts < 6 {
		t.Errorf("%s has %d parts: %s", name, parts, list.body.String())
	}
}
