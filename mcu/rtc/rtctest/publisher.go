package rtctest

import (
	"cmp"
	"crypto/rand"
	"image"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mcu/rtptime"
)

// Camera is what a client films.
type Camera struct {
	Size      image.Point // pixels; zero is 320x180
	FrameRate int         // zero is 15
	Bitrate   int         // bits a second; zero is 500 kbit/s
	// Late is how long after it was taken a picture is sent. Sender reports tell of it.
	Late time.Duration
	// Draw draws the picture at a time since the client was made.
	Draw func(img *image.YCbCr, at time.Duration)
	// Numbered pictures carry their number, counted from when the client was made,
	// modulo barcode.Numbers: quality.Follow finds them again.
	Numbered bool
	// Spoil, where set, returns what is sent instead of an access unit's
	// payloads.
	Spoil func(key bool, payloads [][]byte) [][]byte
}

// Complete returns the camera with its defaults in place of what is zero.
func (cam Camera) Complete() Camera {
	if cam.Size == (image.Point{}) {
		cam.Size = image.Pt(320, 180)
	}
	if cam.FrameRate == 0 {
		cam.FrameRate = 15
	}
	cam.Bitrate = cmp.Or(cam.Bitrate, 500_000)
	return cam
}

// publisher is what a client sends. Each camera and each microphone has a goroutine, which
// ends when stop is closed.
type publisher struct {
	// Video and Audio are what it sends with; nil where it only receives.
	Video, Audio *Uplink
	// More are the pictures after the first, where Options ask for them.
	More []*Uplink

	t      testing.TB
	pc     *webrtc.PeerConnection
	format format // of the pictures
	born   time.Time
	stop   chan struct{}
	wg     sync.WaitGroup
}

// Born returns when the client was made. Cameras and microphones count from then.
func (c *publisher) Born() time.Time { return c.born }

// add makes a transceiver and, if the client sends, its uplink.
func (c *publisher) add(d webrtc.RTPTransceiverDirection, kind webrtc.RTPCodecType, mime string) (*Uplink, error) {
	init := webrtc.RTPTransceiverInit{Direction: d}
	if d == webrtc.RTPTransceiverDirectionRecvonly || d == webrtc.RTPTransceiverDirectionInactive {
		_, err := c.pc.AddTransceiverFromKind(kind, init)
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, rand.Text(), "self")
	if err != nil {
		return nil, err
	}
	tr, err := c.pc.AddTransceiverFromTrack(track, init)
	if err != nil {
		return nil, err
	}
	u := newUplink(track, c.reporter(tr.Sender()))
	c.wg.Go(func() { u.listen(tr.Sender()) })
	return u, nil
}

// reporter returns what sends a stream's sender report (RFC 3550 §6.4.1): that what
// was taken at a time since the client was made has a timestamp. The client's clock
// is an hour ahead.
func (c *publisher) reporter(sender *webrtc.RTPSender) func(taken time.Duration, timestamp uint32) {
	return func(taken time.Duration, timestamp uint32) {
		_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
			SSRC:    uint32(sender.GetParameters().Encodings[0].SSRC),
			NTPTime: rtptime.NTP(c.born.Add(taken + time.Hour)),
			RTPTime: timestamp,
		}})
	}
}

// Film sends what a camera sees until stop is called or the client closes. Key
// frames come when the server asks for them, as from a browser.
func (c *publisher) Film(cam Camera) (stop func()) {
	c.t.Helper()
	return c.film(c.Video, cam)
}

// Share is Film for the picture that is sent after the first, which the server takes for a screen.
func (c *publisher) Share(cam Camera) (stop func()) {
	c.t.Helper()
	return c.film(c.More[0], cam)
}

func (c *publisher) film(uplink *Uplink, cam Camera) (stop func()) {
	c.t.Helper()
	cam = cam.Complete()
	enc, err := c.format.newEncoder(codec.VideoConfig{
		Width: cam.Size.X, Height: cam.Size.Y, FrameRate: cam.FrameRate, Bitrate: cam.Bitrate,
	})
	if err != nil {
		c.t.Fatalf("make a camera: %v", err)
	}
	img := image.NewYCbCr(image.Rectangle{Max: cam.Size}, image.YCbCrSubsampleRatio420)
	payloader := c.format.newPayloader()
	return c.every(time.Second/time.Duration(cam.FrameRate), func(at time.Duration) {
		if at -= cam.Late; at < 0 {
			return
		}
		cam.Draw(img, at)
		if cam.Numbered {
			// Rounded: a period in ns is a little short.
			number := int((at*time.Duration(cam.FrameRate) + time.Second/2) / time.Second)
			barcode.Paint(img, number%barcode.Numbers)
		}
		if uplink.keyWanted() {
			enc.(codec.KeyFrameForcer).ForceKeyFrame()
		}
		au, err := enc.Encode(img, at)
		if err != nil || len(au.Data) == 0 {
			return
		}
		payloads := payloader.Payload(1180, au.Data)
		if cam.Spoil != nil {
			payloads = cam.Spoil(au.Key, payloads)
		}
		uplink.Write(rtptime.Timestamp(at, 90_000), payloads...)
		uplink.tell(at, 90_000)
	}, func() { _ = enc.Close() })
}

// Play sends access units again and again until stop is called or the client
// closes. The first is an IDR; asked for one, it starts over.
func (c *publisher) Play(units [][]byte, frameRate int) (stop func()) {
	uplink, payloader, n := c.Video, c.format.newPayloader(), 0
	return c.every(time.Second/time.Duration(frameRate), func(at time.Duration) {
		if uplink.keyWanted() {
			n = 0
		}
		uplink.Write(rtptime.Timestamp(at, 90_000), payloader.Payload(1180, units[n%len(units)])...)
		uplink.tell(at, 90_000)
		n++
	}, func() {})
}

// Speak sends a sound until stop is called or the client closes. wave gives the
// sample of a number, counted from when the client was made, in ±1.
func (c *publisher) Speak(wave func(sample int) float32) (stop func()) {
	c.t.Helper()
	return c.SpeakLate(0, wave)
}

// SpeakLate is Speak for a sound that is sent some time after it was taken, a
// multiple of 20 ms. Sender reports tell of it.
func (c *publisher) SpeakLate(late time.Duration, wave func(sample int) float32) (stop func()) {
	c.t.Helper()
	enc, err := opus.NewEncoder(48_000)
	if err != nil {
		c.t.Fatalf("make a microphone: %v", err)
	}
	return c.speak(late, enc, wave)
}

// SpeakStereo is Speak for two channels.
func (c *publisher) SpeakStereo(left, right func(sample int) float32) (stop func()) {
	c.t.Helper()
	enc, err := opus.NewStereoEncoder(128_000)
	if err == nil {
		err = enc.SetSignal(opus.Music)
	}
	if err != nil {
		c.t.Fatalf("make a stereo microphone: %v", err)
	}
	return c.speak(0, enc, left, right)
}

// speak sends what is late and has a channel for each wave.
func (c *publisher) speak(late time.Duration, enc *opus.Encoder, waves ...func(sample int) float32) (stop func()) {
	block := make([]float32, len(waves)*pcm.Samples)
	var packet [1275]byte
	mended := 0 // per cent
	return c.every(pcm.Duration, func(at time.Duration) {
		if at -= late; at < 0 {
			return
		}
		first := int(at * pcm.Rate / time.Second)
		for i := range block {
			block[i] = waves[i%len(waves)](first + i/len(waves))
		}
		// As browsers do: FEC for what the server says it loses.
		if lost := max(int(c.Audio.lost.Load()), mended*9/10); lost != mended && enc.SetPacketLoss(lost) == nil {
			mended = lost
		}
		if n, err := enc.Encode(packet[:], block[:]); err == nil {
			c.Audio.Write(uint32(first), packet[:n])
			c.Audio.tell(at, pcm.Rate)
		}
	}, func() { _ = enc.Close() })
}

// every calls f once a period in a goroutine, with the time since the client was
// made, a multiple of the period. A little lateness is made up for, as by a
// device with a buffer.
func (c *publisher) every(period time.Duration, f func(at time.Duration), end func()) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	c.wg.Go(func() {
		defer close(done)
		defer end()
		timer := time.NewTimer(0)
		defer timer.Stop()
		for next := time.Since(c.born) / period; ; {
			now := time.Since(c.born) / period
			if now-next > 10 {
				next = now
			}
			for ; next <= now; next++ {
				f(next * period)
			}
			// A ticker would begin anywhere within a period, and all be late by that.
			timer.Reset(time.Until(c.born.Add(next * period)))
			select {
			case <-timer.C:
			case <-ended:
				return
			case <-c.stop:
				return
			}
		}
	})
	var once sync.Once
	return func() {
		once.Do(func() { close(ended) })
		<-done
	}
}
