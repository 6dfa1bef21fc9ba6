package codectest

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// videoEncoderAliases scribbles over everything that went into the encoder and
// came out of it, and expects the stream not to notice.
func videoEncoderAliases(t *testing.T, c VideoCodec) {
	s, other, dec := c.stream(t, 320, 180), c.stream(t, 320, 180), c.decoder(t)
	for n := range 10 {
		img := Picture(320, 180, n)
		want := Clone(img)
		au, err := s.enc.Encode(img, time.Duration(n)*time.Second/30)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		if !math.IsInf(PSNR(img, want), 1) {
			t.Fatal("the encoder changed its input")
		}
		kept := bytes.Clone(au.Data)
		other.next()
		if !bytes.Equal(au.Data, kept) {
			t.Fatal("another encoder changed the access unit")
		}
		clear(img.Y)
		clear(au.Data)
		wantPicture(t, dec, kept, want)
	}
}

// videoDecoderAliases does the same to a decoder.
func videoDecoderAliases(t *testing.T, c VideoCodec) {
	s, dec, other := c.stream(t, 320, 180), c.decoder(t), c.decoder(t)
	for range 10 {
		img, au := s.next()
		kept := bytes.Clone(au.Data)
		got, err := dec.Decode(au.Data)
		if err != nil || got == nil {
			t.Fatalf("decode: picture %v, error %v", got != nil, err)
		}
		if !bytes.Equal(au.Data, kept) {
			t.Fatal("the decoder changed its input")
		}
		clear(au.Data)
		wantPicture(t, other, kept, img)
		if psnr := PSNR(got, img); psnr < minPSNR {
			t.Fatalf("the picture changed before the next call: %.1f dB", psnr)
		}
	}
}

func videoAllocs(t *testing.T, c VideoCodec) {
	s, dec := c.stream(t, 320, 180), c.decoder(t)
	img := Picture(320, 180, 0)
	_, au := s.next()
	if _, err := dec.Decode(au.Data); err != nil {
		t.Fatal(err)
	}
	var failed error
	encode := func() {
		var err error
		if au, err = s.enc.Encode(img, time.Duration(s.n)*time.Second/30); err != nil {
			failed = err
		}
		s.n++
	}
	if got := testing.AllocsPerRun(50, encode); got > c.EncodeAllocs {
		t.Errorf("encode allocates %.0f times, want %.0f", got, c.EncodeAllocs)
	}
	both := func() {
		encode()
		if _, err := dec.Decode(au.Data); err != nil {
			failed = err
		}
	}
	_, au = s.key() // the decoder has missed what only the encoder saw
	if _, err := dec.Decode(au.Data); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(50, both); got > c.EncodeAllocs+c.DecodeAllocs {
		t.Errorf("encode and decode allocate %.0f times, want %.0f", got, c.EncodeAllocs+c.DecodeAllocs)
	}
	if failed != nil {
		t.Error(failed)
	}
}
