package mp4_test

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec"
	"tilemix/codec/mp4"
)

// FuzzWriter has strangers' access units and packets written between good ones. The
// file stays one that can be parsed.
func FuzzWriter(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 1}, []byte{0xfb, 0x3f}, int64(-5), true)
	f.Add([]byte{0, 0, 1, 0, 0, 1}, []byte{0x03}, int64(1<<40), false)
	f.Add(slices.Concat([]byte{0, 0, 1}, endlessSet(60), []byte{0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 1, 0x65, 0x88}), []byte{0xf8}, int64(0), true)
	var good []codec.AccessUnit
	take{length: time.Second}.pictures(f, func(au codec.AccessUnit, _ time.Duration) {
		good = append(good, codec.AccessUnit{Data: bytes.Clone(au.Data), Key: au.Key})
	})
	f.Fuzz(func(t *testing.T, au, packet []byte, ms int64, key bool) {
		alone := mp4.NewWriter(io.Discard, mp4.Config{Video: true})
		_ = alone.WriteVideo(au, 0, frame, key)
		if err := alone.Close(); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := mp4.NewWriter(&out, mp4.Default())
		at := time.Duration(ms%1e7) * time.Millisecond
		for i, g := range good {
			_ = w.WriteVideo(g.Data, time.Duration(i)*frame, frame, g.Key)
			_ = w.WriteVideo(au, at, frame, key)
			_ = w.WriteAudio(packet, at)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := boxes.DecodeFile(bytes.NewReader(out.Bytes())); err != nil {
			t.Fatal(err)
		}
	})
}
