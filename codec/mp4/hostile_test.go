package mp4_test

import (
	"bytes"
	"slices"
	"testing"

	"tilemix/codec/mp4"
)

// endlessSet is a sequence parameter set of picture order type 1 whose cycle has some
// 2^zeros pictures.
func endlessSet(zeros int) []byte {
	bits := []byte{1, 1, 0, 1, 0, 0, 1, 1} // set 0, frame numbers, type 1, flag, offsets
	bits = slices.Concat(bits, make([]byte, zeros), bytes.Repeat([]byte{1}, zeros+41))
	set := []byte{0x67, 0x42, 0xc0, 0x1f}
	for len(bits) >= 8 {
		var b byte
		for _, bit := range bits[:8] {
			b = b<<1 | bit
		}
		bits = bits[8:]
		if n := len(set); b <= 3 && set[n-1] == 0 && set[n-2] == 0 {
			set = append(set, 3)
		}
		set = append(set, b)
	}
	return set
}

// TestHostileSet hears of a set that asks for more memory than there is. The file
// waits for one that can be believed.
func TestHostileSet(t *testing.T) {
	for _, zeros := range []int{9, 27, 31, 60} {
		var out bytes.Buffer
		w := mp4.NewWriter(&out, mp4.Config{Video: true})
		au := slices.Concat([]byte{0, 0, 0, 1}, endlessSet(zeros),
			[]byte{0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xa0})
		if err := w.WriteVideo(au, 0, frame, true); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil || out.Len() > 0 {
			t.Errorf("%d zeros: %d bytes written: %v", zeros, out.Len(), err)
		}
	}
}
