package ffmpeg_test

import (
	"bytes"
	"strings"
	"testing"

	"tilemix/mcu/ffmpeg"
)

// TestReadADTS reads frames with and without a checksum, one that is cut off, and what is none.
func TestReadADTS(t *testing.T) {
	for name, c := range map[string]struct {
		stream, want string
		fails        bool
	}{
		"frames":   {"\xff\xf1\x4c\x40\x01\x3f\xfcab\xff\xf0\x4c\x40\x01\x5f\xfc!!c", "ab c ", false},
		"cut off":  {"\xff\xf1\x4c\x40\x01\x3f\xfcab\xff\xf1\x4c\x40\x01\x3f\xfca", "ab ", false},
		"a header": {"\xff\xf1\x4c", "", false},
		"empty":    {"", "", false},
		"no ADTS":  {"RIFF....WAVE", "", true},
		"no size":  {"\xff\xf1\x4c\x40\x00\x1f\xfcab", "", true},
	} {
		frames := make(chan []byte, 9)
		err := ffmpeg.ReadADTS(strings.NewReader(c.stream), frames)
		var got bytes.Buffer
		for f := range frames {
			got.Write(append(f, ' '))
		}
		if got.String() != c.want || (err != nil) != c.fails {
			t.Errorf("%s: %q, %v", name, got.String(), err)
		}
	}
}
