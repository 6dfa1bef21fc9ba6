package vp8_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
)

// keyFrame returns a key frame of the synthetic clip's first picture.
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

// TestHeader changes a good key frame's header.
func TestHeader(t *testing.T) {
	good := keyFrame(t, 64, 48)
	set := func(at int, b ...byte) func([]byte) []byte {
		return func(au []byte) []byte { copy(au[at:], b); return au }
	}
	for name, test := range map[string]struct {
		change func([]byte) []byte
		ok     bool
	}{
		"good":                   {func(au []byte) []byte { return au }, true},
		"to be scaled up":        {set(6, 64, 0x40, 48, 0xc0), true},
		"not shown":              {func(au []byte) []byte { au[0] &^= 0x10; return au }, true},
		"version 4":              {func(au []byte) []byte { au[0] |= 4 << 1; return au }, false},
		"no start code":          {set(3, 0x9d, 0x01, 0x2b), false},
		"no width":               {set(6, 0, 0), false},
		"no height":              {set(8, 0, 0), false},
		"largest sides":          {set(6, 0xff, 0x3f, 0xff, 0x3f), false},
		"one endless row":        {set(6, 0xff, 0x3f, 1, 0), false},
		"a row too many":         {set(6, 0x00, 0x10, 0x01, 0x09), false},
		"no first partition":     {func(au []byte) []byte { au[0] &= 0x1f; au[1], au[2] = 0, 0; return au }, false},
		"endless partition":      {func(au []byte) []byte { au[0] |= 0xe0; au[1], au[2] = 0xff, 0xff; return au }, false},
		"header alone":           {func(au []byte) []byte { return au[:10] }, false},
		"header cut":             {func(au []byte) []byte { return au[:9] }, false},
		"tag cut":                {func(au []byte) []byte { return au[:2] }, false},
		"first partition alone":  {func(au []byte) []byte { return au[:10+(int(au[0])>>5|int(au[1])<<3)] }, false},
		"longer than any":        {func(au []byte) []byte { return append(au, make([]byte, 4<<20)...) }, false},
		"delta without a key":    {func(au []byte) []byte { au[0] |= 1; return au }, false},
		"larger than its bytes":  {set(6, 0, 4, 0, 4), false},
		"smaller than its bytes": {set(6, 16, 0, 16, 0), true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := newDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			pic, err := d.Decode(test.change(bytes.Clone(good)))
			if (err == nil) != test.ok || !test.ok && (pic != nil || !errors.Is(err, codec.ErrCorrupt)) {
				t.Errorf("picture %v, error %v", pic != nil, err)
			}
			if (pic != nil) != (test.ok && name != "not shown") {
				t.Errorf("picture %v", pic != nil)
			}
			if pic, err := d.Decode(good); pic == nil || err != nil {
				t.Errorf("good key frame: picture %v, error %v", pic != nil, err)
			}
		})
	}
}

// FuzzDecode puts an access unit in front of, and behind, a good key frame.
func FuzzDecode(f *testing.F) {
	good, want := keyFrame(f, 64, 48), codectest.Picture(64, 48, 0)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(keyFrame(f, 33, 31))
	f.Add([]byte{0x31, 0x02, 0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80})
	f.Fuzz(func(t *testing.T, au []byte) {
		if len(au) >= 10 && au[0]&1 == 0 { // a large picture takes the fuzzer long
			au[7] &= 0x01
			au[9] &= 0x01
		}
		d, err := newDecoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for range 2 {
			pic, err := d.Decode(au)
			if err != nil && (pic != nil || !errors.Is(err, codec.ErrCorrupt)) {
				t.Fatalf("picture %v, error %v", pic != nil, err)
			}
			if pic != nil {
				codectest.Clone(pic) // reads every pixel
			}
			pic, err = d.Decode(good)
			if err != nil || codectest.PSNR(pic, want) < 25 {
				t.Fatalf("good key frame: picture %v, error %v", pic != nil, err)
			}
		}
	})
}
