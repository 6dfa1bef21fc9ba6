package mp4_test

import (
	"io"
	"testing"
	"time"

	"tilemix/codec/mp4"
)

// TestNoDrift writes four hours of pictures and sound, at instants that no clock of a track
// can say exactly, and compares where they end: rounding does not add up.
func TestNoDrift(t *testing.T) {
	const length = 4 * time.Hour
	au := []byte{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x28, 0x0b, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88}
	packet := []byte{0xf8, 1, 2, 3} // CELT, 20 ms
	for name, rate := range map[string]int64{"30": 30_000, "29.97": 29_970, "59.94": 59_940} {
		cfg := mp4.Default()
		both := mp4.NewWriter(io.Discard, cfg)
		cfg.Video = false
		sound := mp4.NewWriter(io.Discard, cfg)
		cfg.Video, cfg.Audio = true, false
		picture := mp4.NewWriter(io.Discard, cfg)
		pictures := int64(length/time.Second) * rate / 1000
		for i := range pictures {
			at := time.Duration(i * int64(time.Second) / rate * 1000)
			if err := picture.WriteVideo(au, at, time.Second/30, i%60 == 0); err != nil {
				t.Fatal(err)
			}
			if err := both.WriteVideo(au, at, time.Second/30, i%60 == 0); err != nil {
				t.Fatal(err)
			}
		}
		for i := range int64(length / (20 * time.Millisecond)) {
			if err := sound.WriteAudio(packet, time.Duration(i)*20*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		want := time.Duration((pictures-1)*int64(time.Second)/rate*1000) + time.Second/30
		for kind, off := range map[string]time.Duration{
			"picture": picture.Length() - want, "sound": sound.Length() - length, "both": both.Length() - want,
		} {
			if off.Abs() > time.Millisecond {
				t.Errorf("%s pictures a second: after %v, %s is off by %v", name, length, kind, off)
			}
		}
	}
}
