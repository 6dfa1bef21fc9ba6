package codectest

import (
	"errors"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/codec"
)

func videoRefused(t *testing.T, c VideoCodec) {
	good := codec.VideoConfig{Width: 320, Height: 180, FrameRate: 30, Bitrate: 200_000}
	for name, change := range map[string]func(*codec.VideoConfig){
		"no width":        func(v *codec.VideoConfig) { v.Width = 0 },
		"negative height": func(v *codec.VideoConfig) { v.Height = -2 },
		"huge":            func(v *codec.VideoConfig) { v.Width, v.Height = 1<<20, 1<<20 },
		"no frame rate":   func(v *codec.VideoConfig) { v.FrameRate = 0 },
		"no bitrate":      func(v *codec.VideoConfig) { v.Bitrate = 0 },
	} {
		cfg := good
		change(&cfg)
		if enc, err := c.NewEncoder(cfg); err == nil {
			enc.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	s, dec := c.stream(t, 320, 180), c.decoder(t)
	short := Picture(320, 180, 0)
	short.Cr = short.Cr[:len(short.Cr)/2]
	for name, img := range map[string]*image.YCbCr{
		"other size":  Picture(160, 90, 0),
		"4:4:4":       image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio444),
		"short plane": short,
	} {
		if _, err := s.enc.Encode(img, 0); err == nil {
			t.Errorf("picture of %s: accepted", name)
		}
	}
	img, au := s.next()
	wantPicture(t, dec, au.Data, img)
}

// videoDamaged feeds a stream with one bad access unit in its middle: it and
// what builds on it must give errors, and the next key frame a picture.
func videoDamaged(t *testing.T, c VideoCodec) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 2000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, damage := range map[string]func(au []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut short": func(au []byte) []byte { return au[:len(au)/2] },
		"header":    func(au []byte) []byte { return au[:6] },
		"random":    func([]byte) []byte { return noise },
		"mostly random": func(au []byte) []byte {
			return append(au[:len(au)/8:len(au)/8], noise...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, dec := c.stream(t, 320, 180), c.decoder(t)
			if c.AnyBytes && name == "mostly random" {
				videoUnseen(t, s, dec, damage)
				return
			}
			_, first := s.next()
			wantCorrupt(t, dec, damage(first.Data))
			_, delta := s.next()
			wantCorrupt(t, dec, delta.Data)
			img, key := s.key()
			wantPicture(t, dec, key.Data, img)
			img, delta = s.next()
			wantPicture(t, dec, delta.Data, img)
			_, delta = s.next()
			wantCorrupt(t, dec, damage(delta.Data))
			_, delta = s.next()
			wantCorrupt(t, dec, delta.Data)
			img, key = s.key()
			wantPicture(t, dec, key.Data, img)
		})
	}
}

// videoUnseen feeds damage that the decoder may take for a picture. The next key
// frame must give the right one all the same.
func videoUnseen(t *testing.T, s *stream, dec codec.VideoDecoder, damage func(au []byte) []byte) {
	for range 10 {
		for range 2 {
			_, au := s.next()
			got, err := dec.Decode(damage(au.Data))
			if (got == nil) == (err == nil) || err != nil && !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("decode of damaged data: picture %v, error %v", got != nil, err)
			}
		}
		img, key := s.key()
		wantPicture(t, dec, key.Data, img)
		img, delta := s.next()
		wantPicture(t, dec, delta.Data, img)
	}
}

// videoLoss leaves an access unit out: what builds on it is refused, and the next
// key frame is shown.
func videoLoss(t *testing.T, c VideoCodec) {
	s, dec := c.stream(t, 320, 180), c.decoder(t)
	for range 3 {
		img, key := s.key()
		wantPicture(t, dec, key.Data, img)
		img, delta := s.next()
		wantPicture(t, dec, delta.Data, img)
		s.next() // lost
		dec.(codec.LossMarker).MarkLoss()
		for range 2 {
			_, delta = s.next()
			wantCorrupt(t, dec, delta.Data)
		}
	}
}

func videoClose(t *testing.T, c VideoCodec) {
	s, dec := c.stream(t, 320, 180), c.decoder(t)
	img, au := s.next()
	wantPicture(t, dec, au.Data, img)
	for range 2 {
		if err := s.enc.Close(); err != nil {
			t.Errorf("close encoder: %v", err)
		}
		if err := dec.Close(); err != nil {
			t.Errorf("close decoder: %v", err)
		}
	}
	if _, err := s.enc.Encode(img, time.Second); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("encode after close: %v", err)
	}
	if err := s.enc.(bitrateSetter).SetBitrate(100_000); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("set bitrate after close: %v", err)
	}
	s.enc.(codec.KeyFrameForcer).ForceKeyFrame()
	if pic, err := dec.Decode(au.Data); pic != nil || !errors.Is(err, codec.ErrClosed) {
		t.Errorf("decode after close: picture %v, error %v", pic != nil, err)
	}
}
