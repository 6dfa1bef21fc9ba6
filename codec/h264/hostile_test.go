package h264_test

import (
	"bytes"
	"errors"
	"math/bits"
	"os"
	"os/exec"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
)

// bitWriter writes the fields of a parameter set.
type bitWriter struct {
	data []byte
	free int // unused bits of the last byte
}

func (w *bitWriter) bits(v uint, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		w.free--
		w.data[len(w.data)-1] |= byte(v>>i&1) << w.free
	}
}

// ue writes an unsigned Exp-Golomb number (H.264 §9.1).
func (w *bitWriter) ue(v uint) {
	n := bits.Len(v + 1)
	w.bits(v+1, 2*n-1)
}

// escape puts emulation prevention bytes into a NAL unit (H.264 §7.4.1).
func escape(nal []byte) []byte {
	var out []byte
	zeros := 0
	for _, b := range nal {
		if zeros >= 2 && b <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, b); b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

// field is a value of so many bits.
type field struct {
	v uint
	n int
}

type spsFields struct {
	profile       uint
	width, height uint // macroblocks
	refs          uint
	interlaced    bool
	orderType     uint
	kind          byte // NAL unit header; 0x67 where 0
	cropped       bool
	vui           []field // none where nil
}

// sequenceSet returns the set as an access unit of its own.
func sequenceSet(f spsFields) []byte {
	if f.kind == 0 {
		f.kind = 0x67
	}
	w := &bitWriter{data: []byte{f.kind}}
	w.bits(f.profile, 8)
	w.bits(0, 8)
	w.bits(52, 8)
	w.ue(0)
	if f.profile == 100 {
		w.ue(1) // 4:2:0
		w.ue(0)
		w.ue(0)
		w.bits(0, 1)
		w.bits(1, 1) // scaling matrix: a list of 108 and 8 in turn and one cut
		w.bits(1, 1)
		for range 8 {
			w.ue(199)
			w.ue(200)
		}
		w.bits(1, 1)
		w.ue(16) // -8: the rest of the list is left out
		w.bits(0, 6)
	}
	w.ue(4)
	w.ue(f.orderType)
	switch f.orderType {
	case 0:
		w.ue(4)
	case 1:
		w.bits(0, 1)
		w.ue(0)
		w.ue(0)
		w.ue(2)
		w.ue(1<<16 - 1) // its zeros need emulation prevention
		w.ue(1<<16 - 1)
	}
	w.ue(f.refs)
	w.bits(0, 1)
	w.ue(f.width - 1)
	w.ue(f.height - 1)
	if f.interlaced {
		w.bits(0, 1)
		w.bits(0, 1)
	} else {
		w.bits(1, 1)
	}
	w.bits(1, 1) // direct_8x8_inference
	if f.cropped {
		w.bits(1, 1)
		for _, offset := range []uint{0, 1, 0, 4} {
			w.ue(offset)
		}
	} else {
		w.bits(0, 1)
	}
	if f.vui != nil {
		w.bits(1, 1)
		for _, f := range f.vui {
			w.bits(f.v, f.n)
		}
	} else {
		w.bits(0, 1)
	}
	w.bits(1, 1) // stop bit
	return append([]byte{0, 0, 0, 1}, escape(w.data)...)
}

func TestSequenceSetLimits(t *testing.T) {
	for name, test := range map[string]struct {
		set spsFields
		ok  bool
	}{
		"720p":                 {spsFields{profile: 66, width: 80, height: 45, refs: 1}, true},
		"1080p, order type 1":  {spsFields{profile: 66, width: 120, height: 68, refs: 4, orderType: 1}, true},
		"1080p, high":          {spsFields{profile: 100, width: 120, height: 68, refs: 4}, true},
		"4096x2304":            {spsFields{profile: 66, width: 256, height: 144, refs: 1}, true},
		"a row too many":       {spsFields{profile: 66, width: 256, height: 145, refs: 1}, false},
		"too large, high":      {spsFields{profile: 100, width: 256, height: 145, refs: 1}, false},
		"16k":                  {spsFields{profile: 66, width: 1024, height: 1024, refs: 1}, false},
		"one endless row":      {spsFields{profile: 66, width: 1 << 20, height: 1, refs: 1}, false},
		"product wraps":        {spsFields{profile: 66, width: 1 << 31, height: 1 << 31, refs: 1}, false},
		"interlaced":           {spsFields{profile: 77, width: 256, height: 73, refs: 1, interlaced: true}, false},
		"subset set":           {spsFields{profile: 83, width: 1024, height: 1024, refs: 1, kind: 0x6f}, false},
		"17 references":        {spsFields{profile: 66, width: 11, height: 9, refs: 17}, false},
		"16 references of 4k":  {spsFields{profile: 66, width: 256, height: 144, refs: 16}, false},
		"16 references of CIF": {spsFields{profile: 66, width: 22, height: 18, refs: 16}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := newDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			pic, err := d.Decode(sequenceSet(test.set))
			if pic != nil || (err == nil) != test.ok || !test.ok && !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("picture %v, error %v", pic != nil, err)
			}
		})
	}
}

func TestSequenceSetCut(t *testing.T) {
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	set := sequenceSet(spsFields{profile: 66, width: 80, height: 45, refs: 1})
	for n := 5; n < len(set)-2; n++ {
		if _, err := d.Decode(set[:n]); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("set of %d bytes: %v", n, err)
		}
	}
	if _, err := d.Decode(set); err != nil {
		t.Errorf("whole set: %v", err)
	}
}

// TestSilence decodes rubbish in a child and expects no word of the library.
func TestSilence(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe, "-test.run", "^(TestConformance/(damaged|refused)|TestBrokenStreams|TestSequenceSet.*)$")
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error has %d bytes: %.200s", stderr.Len(), stderr.String())
	}
}

// keyFrame returns an IDR of the synthetic clip with the pictures it was made of.
func keyFrame(t testing.TB, w, h int) []byte {
	t.Helper()
	e, err := newEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	au, err := e.Encode(codectest.Picture(w, h, 0), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(au.Data)
}

// FuzzDecode puts an access unit in front of, and behind, a good IDR.
func FuzzDecode(f *testing.F) {
	good, want := keyFrame(f, 64, 48), codectest.Picture(64, 48, 0)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(keyFrame(f, 32, 32))
	f.Add([]byte{0, 0, 0, 1, 0x41, 0x9a, 0x20, 0x10})
	f.Add(sequenceSet(spsFields{profile: 100, width: 8, height: 8, refs: 2}))
	f.Add(append(sequenceSet(spsFields{profile: 66, width: 1024, height: 1024, refs: 1}), good...))
	f.Fuzz(func(t *testing.T, au []byte) {
		d, err := newDecoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for range 2 {
			pic, err := d.Decode(au)
			corruptOrFine(t, err)
			if err != nil && pic != nil {
				t.Fatal("a picture with an error")
			}
			if pic != nil {
				codectest.Clone(pic) // reads every pixel
			}
			pic, err = d.Decode(good)
			if err != nil || codectest.PSNR(pic, want) < 25 {
				t.Fatalf("good IDR: picture %v, error %v", pic != nil, err)
			}
		}
	})
}
