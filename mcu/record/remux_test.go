package record_test

import (
	"path/filepath"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
)

// TestRemux records with a pause, and has FFmpeg put the streams into other files as they are, without a
// warning. QuickTime files cannot have Opus.
func TestRemux(t *testing.T) {
	poll.Alone(t)
	for _, codec := range []string{"opus", "aac"} {
		t.Run(codec, func(t *testing.T) {
			s, cfg := newStudio(t), in(t.TempDir())
			cfg.Audio = codec
			if err := record.AACEncoder(); codec == "aac" && err != nil {
				t.Skip(err)
			}
			c, _ := recorder(t, cfg, s)
			s.roll(480 * time.Millisecond) // the next picture is at 500 ms
			id := start(t, c)
			s.roll(1700 * time.Millisecond)
			if _, err := c.Pause("studio", id, true); err != nil {
				t.Fatal(err)
			}
			s.roll(700 * time.Millisecond)
			if _, err := c.Pause("studio", id, false); err != nil {
				t.Fatal(err)
			}
			s.roll(1900 * time.Millisecond)
			finish(t, c, id)
			kinds := []string{"mkv", "mp4", "ts"}
			if codec == "aac" {
				kinds = append(kinds, "mov")
			}
			want := look(t, file(cfg, id))
			// At the frame rate that the file says, no two pictures have the same time.
			run(t, "ffmpeg", "-v", "warning", "-i", file(cfg, id), "-map", "v", "-fps_mode", "passthrough", "-f", "null", "-")
			for _, kind := range kinds {
				out := filepath.Join(cfg.Dir, "remux."+kind)
				level := "warning"
				if codec == "opus" && kind == "mp4" {
					level = "error" // FFmpeg warns of all Opus that it puts there, "codec frame size is not set"
				}
				run(t, "ffmpeg", "-v", level, "-i", file(cfg, id), "-c", "copy", out)
				// FFmpeg puts the length of the last packet of Opus into no MP4, so it may lack that one.
				got := look(t, out)
				if got.frames("h264") != want.frames("h264") || got.frames(codec) < want.frames(codec)-1 {
					t.Errorf("%s has %d pictures and %d of sound, not %d and %d", kind,
						got.frames("h264"), got.frames(codec), want.frames("h264"), want.frames(codec))
				}
			}
		})
	}
}
