package codectest

import (
	"errors"
	"image"
	"testing"
	"time"

	"tilemix/codec"
)

// VideoCodec is what Video tests.
type VideoCodec struct {
	NewEncoder func(codec.VideoConfig) (codec.VideoEncoder, error)
	NewDecoder func() (codec.VideoDecoder, error)
	// OddSizes says that the encoder takes odd widths and heights. Otherwise it
	// must refuse them.
	OddSizes bool
	// AnyBytes says that almost any bytes behind a good header are a picture to the
	// decoder, so that it does not see that they were changed.
	AnyBytes bool
	// EncodeAllocs and DecodeAllocs are the allocations that the binding makes
	// in each call and that cannot be avoided.
	EncodeAllocs, DecodeAllocs float64
}

// minPSNR is what a decoded synthetic picture must reach, in dB. A wrong
// stride, plane or picture gives less than 20.
const minPSNR = 30

// Video runs the suite for a video codec.
func Video(t *testing.T, c VideoCodec) {
	for name, test := range map[string]func(*testing.T, VideoCodec){
		"round trip":      videoRoundTrip,
		"key frame":       videoKeyFrame,
		"bitrate":         videoBitrate,
		"refused":         videoRefused,
		"odd sizes":       videoOddSizes,
		"size change":     videoSizeChange,
		"damaged":         videoDamaged,
		"loss":            videoLoss,
		"close":           videoClose,
		"encoder aliases": videoEncoderAliases,
		"decoder aliases": videoDecoderAliases,
	} {
		// In parallel, since codecs of different owners run at the same time.
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
	t.Run("allocations", func(t *testing.T) { videoAllocs(t, c) })
}

// stream is an encoder with its clock.
type stream struct {
	t    *testing.T
	enc  codec.VideoEncoder
	size image.Point
	n    int // pictures encoded
}

func (c VideoCodec) stream(t *testing.T, w, h int) *stream {
	t.Helper()
	enc, err := c.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 3*w*h + 100_000})
	if err != nil {
		t.Fatalf("new encoder %dx%d: %v", w, h, err)
	}
	t.Cleanup(func() { enc.Close() })
	return &stream{t: t, enc: enc, size: image.Pt(w, h)}
}

// next encodes the clip's next picture and returns it with an access unit that
// stays valid.
func (s *stream) next() (*image.YCbCr, codec.AccessUnit) {
	s.t.Helper()
	img := Picture(s.size.X, s.size.Y, s.n)
	au, err := s.enc.Encode(img, time.Duration(s.n)*time.Second/30)
	if err != nil {
		s.t.Fatalf("encode picture %d: %v", s.n, err)
	}
	s.n++
	au.Data = append([]byte(nil), au.Data...)
	return img, au
}

// key encodes the next picture as a key frame.
func (s *stream) key() (*image.YCbCr, codec.AccessUnit) {
	s.t.Helper()
	s.enc.(codec.KeyFrameForcer).ForceKeyFrame()
	return s.next()
}

func (c VideoCodec) decoder(t *testing.T) codec.VideoDecoder {
	t.Helper()
	dec, err := c.NewDecoder()
	if err != nil {
		t.Fatalf("new decoder: %v", err)
	}
	t.Cleanup(func() { dec.Close() })
	return dec
}

// wantPicture decodes au and compares.
func wantPicture(t *testing.T, dec codec.VideoDecoder, au []byte, want *image.YCbCr) {
	t.Helper()
	got, err := dec.Decode(au)
	if err != nil || got == nil {
		t.Fatalf("decode: picture %v, error %v", got != nil, err)
	}
	if psnr := PSNR(got, want); psnr < minPSNR {
		t.Fatalf("decoded %v instead of %v with %.1f dB, want %d", got.Rect, want.Rect, psnr, minPSNR)
	}
}

// wantCorrupt decodes au, which must give an error and no picture.
func wantCorrupt(t *testing.T, dec codec.VideoDecoder, au []byte) {
	t.Helper()
	got, err := dec.Decode(au)
	if !errors.Is(err, codec.ErrCorrupt) || got != nil {
		t.Fatalf("decode of damaged data: picture %v, error %v", got != nil, err)
	}
}

func videoRoundTrip(t *testing.T, c VideoCodec) {
	for _, size := range []image.Point{{16, 16}, {320, 180}, {494, 370}, {176, 144}, {1280, 720}} {
		t.Run(size.String(), func(t *testing.T) {
			s, dec := c.stream(t, size.X, size.Y), c.decoder(t)
			for n := range 10 {
				img, au := s.next()
				if au.Key != (n == 0) {
					t.Fatalf("access unit %d: key is %v", n, au.Key)
				}
				wantPicture(t, dec, au.Data, img)
			}
		})
	}
}

func videoKeyFrame(t *testing.T, c VideoCodec) {
	s, dec := c.stream(t, 320, 180), c.decoder(t)
	for range 5 {
		img, au := s.next()
		wantPicture(t, dec, au.Data, img)
	}
	img, au := s.key()
	if !au.Key {
		t.Fatal("no key frame on demand")
	}
	wantPicture(t, dec, au.Data, img)
	joined := c.decoder(t)
	wantPicture(t, joined, au.Data, img)
	for range 5 {
		img, au := s.next()
		if au.Key {
			t.Fatal("a key frame that nobody asked for")
		}
		wantPicture(t, joined, au.Data, img)
	}
}

// rate encodes seconds of video and returns its bitrate.
func (s *stream) rate(seconds int) int {
	s.t.Helper()
	bits := 0
	for range 30 * seconds {
		_, au := s.next()
		bits += 8 * len(au.Data)
	}
	return bits / seconds
}

func videoBitrate(t *testing.T, c VideoCodec) {
	s := c.stream(t, 320, 180)
	for _, bps := range []int{400_000, 150_000, 300_000} {
		if err := s.enc.(bitrateSetter).SetBitrate(bps); err != nil {
			t.Fatalf("set bitrate %d: %v", bps, err)
		}
		s.rate(1) // the rate control settles
		if got := s.rate(3); got < bps*8/10 || got > bps*12/10 {
			t.Errorf("%d bits/s, want %d", got, bps)
		}
	}
	if err := s.enc.(bitrateSetter).SetBitrate(-1); err == nil {
		t.Error("a negative bitrate was accepted")
	}
	s.next()
}

func videoOddSizes(t *testing.T, c VideoCodec) {
	for _, size := range []image.Point{{493, 369}, {494, 369}, {493, 370}} {
		if c.OddSizes {
			img, au := c.stream(t, size.X, size.Y).next()
			wantPicture(t, c.decoder(t), au.Data, img)
			continue
		}
		enc, err := c.NewEncoder(codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: 30, Bitrate: 500_000})
		if err == nil {
			enc.Close()
			t.Errorf("encoder of odd size %v was made", size)
		}
	}
}

func videoSizeChange(t *testing.T, c VideoCodec) {
	dec := c.decoder(t)
	small, large := c.stream(t, 160, 120), c.stream(t, 494, 370)
	for range 3 {
		for _, s := range []*stream{small, large} {
			img, au := s.key()
			wantPicture(t, dec, au.Data, img)
			for range 3 {
				img, au = s.next()
				wantPicture(t, dec, au.Data, img)
			}
		}
	}
}
