package mp4_test

import (
	"bytes"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/mp4"
	"tilemix/codec/opus"
)

// TestShortPackets has a sender that sends the first byte alone of what it does not send, and sound that
// begins late. Each packet of the file has at least two bytes, which muxers of MPEG-TS ask for, and is as
// long as it was.
func TestShortPackets(t *testing.T) {
	var out bytes.Buffer
	cfg := mp4.Default()
	w := mp4.NewWriter(&out, cfg)
	au := []byte{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x28, 0x0b, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88}
	if err := w.WriteVideo(au, 0, time.Second/30, true); err != nil {
		t.Fatal(err)
	}
	const late = 37600 * time.Microsecond
	for i, packet := range [][]byte{{0x7c, 1, 2, 3}, {0x7c}, {0x7d}, {0x7c, 1, 2, 3}} { // 20, 20, 40, 20 ms
		at := late + time.Duration([]int{0, 20, 40, 80}[i])*time.Millisecond
		if err := w.WriteAudio(packet, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	traf := file.Segments[0].Fragments[0].Moof.Trafs[1]
	if traf.Tfdt.BaseMediaDecodeTime() != 0 {
		t.Errorf("sound begins at %d", traf.Tfdt.BaseMediaDecodeTime())
	}
	want := [][]byte{{0xfc, 0xff, 0xfe}, {0xf4, 0xff, 0xfe}, {0xec, 0xff, 0xfe}, {0xe4, 0xff, 0xfe}, {0x7c, 1, 2, 3}, {0x7f, 1}, {0x7f, 2}, {0x7c, 1, 2, 3}}
	sizes := 0
	for _, s := range traf.Trun.Samples {
		sizes += int(s.Size)
	}
	all := file.Segments[0].Fragments[0].Mdat.Data
	at := len(all) - sizes
	for i, s := range traf.Trun.Samples {
		packet := all[at:][:s.Size]
		at += int(s.Size)
		length := int(s.Dur)
		if i >= len(want) || !bytes.Equal(packet, want[i]) || length-opus.Samples(packet) > 120 || length < opus.Samples(packet) {
			t.Errorf("packet %d is % x, of %d samples", i, packet, length)
		}
	}
	if len(traf.Trun.Samples) != len(want) {
		t.Errorf("%d packets", len(traf.Trun.Samples))
	}
}
