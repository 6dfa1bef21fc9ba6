package record_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/record"
)

// TestStereo records a room with two channels, in either codec: the file says that there are two,
// the left one has the beeps, and the right one does not. A room with one channel has one.
func TestStereo(t *testing.T) {
	for _, codec := range []string{"opus", "aac"} {
		for _, channels := range []int{1, 2} {
			t.Run(codec+strings.Repeat("+", channels-1), func(t *testing.T) {
				t.Parallel()
				s, cfg := newStudio(t), in(t.TempDir())
				if cfg.Audio = codec; channels == 2 {
					s.widen()
				}
				if err := record.AACEncoder(); codec == "aac" && err != nil {
					t.Skip(err)
				}
				c, _ := recorder(t, cfg, s)
				id := start(t, c)
				s.roll(3 * time.Second)
				finish(t, c, id)
				path := file(cfg, id)
				said := run(t, "ffprobe", "-v", "warning", "-select_streams", "a", "-show_entries", "stream=channels", "-of", "csv=p=0", path)
				if got := strings.TrimSpace(string(said)); got != string(rune('0'+channels)) {
					t.Errorf("the file says that it has %s channels, not %d", got, channels)
				}
				raw := run(t, "ffmpeg", "-v", "warning", "-i", path, "-map", "a", "-ac", "2", "-f", "f32le", "-")
				var power [2]float64
				for i := 0; i+7 < len(raw); i += 8 {
					for c := range power {
						x := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[i+4*c:])))
						power[c] += x * x
					}
				}
				apart := 10 * math.Log10(power[0]/(power[1]+1e-9))
				if power[0] < 100 || channels == 2 && apart < 20 || channels == 1 && math.Abs(apart) > 0.1 {
					t.Errorf("the channels have %.1f and %.1f, %.1f dB apart", power[0], power[1], apart)
				}
			})
		}
	}
}
