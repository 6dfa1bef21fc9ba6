package join

import (
	"context"
	"fmt"
	"image"
	"time"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/yuv"
	"tilemix/mcu/capture"
	"tilemix/mcu/rtc/client"
)

const (
	defaultBitrate = 1_500_000 // bits a second, until the server asks for less
	leastBitrate   = 30_000
	// most is how far the sent bytes may be ahead of the bitrate, as those of a key frame are.
	most = 500 * time.Millisecond
)

// picture sends the pictures of a camera, as the server requests them. It belongs to one
// goroutine.
type picture struct {
	camera  capture.Camera
	call    *call
	rate    int // most pictures a second
	encoder *h264.Encoder
	made    codec.VideoConfig // of the encoder, with its bitrate now
	scaled  *image.YCbCr
	scaler  yuv.Scaler
	due     time.Time // of the next picture
	free    time.Time // when the sent bytes are within the bitrate
}

func newPicture(camera capture.Camera, call *call, rate int) *picture {
	return &picture{camera: camera, call: call, rate: rate}
}

// run sends until ctx ends or the camera does.
func (p *picture) run(ctx context.Context) error {
	defer p.camera.Close()
	defer p.forget()
	for ctx.Err() == nil {
		img, err := p.camera.Read()
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return fail("camera", err)
		}
		if err := p.send(img, time.Now()); err != nil {
			return fail("camera", err)
		}
	}
	return ctx.Err()
}

// send sends a picture, unless the server wants none now.
func (p *picture) send(img *image.YCbCr, now time.Time) error {
	conn, want := p.call.conn.Load(), p.wanted(img.Rect.Size())
	if conn == nil || want.Bitrate == 0 || !p.isDue(want.FrameRate, now) || p.free.Sub(now) > most {
		return nil
	}
	if err := p.prepare(want); err != nil {
		return err
	}
	if img.Rect.Size() != p.scaled.Rect.Size() {
		p.scaler.Scale(p.scaled, img)
		img = p.scaled
	}
	if p.call.key.Swap(false) {
		p.encoder.ForceKeyFrame()
	}
	at := now.Sub(p.call.epoch)
	au, err := p.encoder.Encode(img, at)
	if err != nil || len(au.Data) == 0 {
		return err
	}
	p.spend(len(au.Data), want.Bitrate, now)
	p.call.sent.Add(1)
	p.call.sentBytes.Add(int64(len(au.Data)))
	p.call.size.Store(int64(p.made.Width)<<32 | int64(p.made.Height))
	p.call.write(func(conn *client.Client) { _ = conn.WriteVideo(au.Data, at) }) // connect returns the error of a lost connection
	return nil
}

// spend counts bytes against the bitrate. The encoder exceeds it with some pictures, and send
// then leaves out others.
func (p *picture) spend(bytes, bitrate int, now time.Time) {
	if p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(bytes) * 8 * time.Second / time.Duration(bitrate))
}

// wanted returns the picture that the server wants of a camera's picture of a size. Bitrate is 0
// if the server wants none.
func (p *picture) wanted(size image.Point) codec.VideoConfig {
	want := codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: p.rate, Bitrate: defaultBitrate}
	if w := p.call.constraints.Load(); w != nil {
		if !w.active {
			return codec.VideoConfig{}
		}
		want.Width, want.Height = fit(size, image.Pt(w.width, w.height))
		if w.frameRate > 0 {
			want.FrameRate = min(want.FrameRate, w.frameRate)
		}
		if w.bitrate > 0 {
			want.Bitrate = w.bitrate
		}
	}
	if limit := int(p.call.limit.Load()); limit > 0 {
		want.Bitrate = max(leastBitrate, min(want.Bitrate, limit))
	}
	return want
}

// fit returns the size of a picture, scaled down to its tile. A landscape picture covers the tile,
// and a portrait picture lies within it. fit never enlarges a picture.
func fit(size, tile image.Point) (width, height int) {
	if tile.X <= 0 || tile.Y <= 0 {
		return size.X &^ 1, size.Y &^ 1
	}
	x, y := float64(tile.X)/float64(size.X), float64(tile.Y)/float64(size.Y)
	scale := max(x, y)
	if size.X < size.Y {
		scale = min(x, y)
	}
	scale = min(scale, 1)
	side := func(n int) int { return max(16, int(float64(n)*scale+1)&^1) }
	return side(size.X), side(size.Y)
}

// isDue reports whether a picture is due at a frame rate.
func (p *picture) isDue(rate int, now time.Time) bool {
	period := time.Second / time.Duration(rate)
	if now.Before(p.due.Add(-period / 4)) { // cameras are not punctual
		return false
	}
	p.due = p.due.Add(period)
	if now.Sub(p.due) > period {
		p.due = now.Add(period)
	}
	return true
}

// prepare makes an encoder for want, or sets the bitrate of the present one.
func (p *picture) prepare(want codec.VideoConfig) error {
	bitrate := want.Bitrate
	want.Bitrate = p.made.Bitrate
	if p.encoder != nil && want == p.made {
		if bitrate == p.made.Bitrate {
			return nil
		}
		p.made.Bitrate = bitrate
		return p.encoder.SetBitrate(bitrate)
	}
	want.Bitrate = bitrate
	p.forget()
	encoder, err := h264.NewEncoder(want)
	if err != nil {
		return err
	}
	p.encoder, p.made = encoder, want
	fmt.Fprintf(p.call.out, "sends %dx%d, %d pictures/s, %d kbit/s\n", want.Width, want.Height, want.FrameRate, want.Bitrate/1000)
	p.scaled = image.NewYCbCr(image.Rect(0, 0, want.Width, want.Height), image.YCbCrSubsampleRatio420)
	return nil
}

// forget frees the encoder.
func (p *picture) forget() {
	if p.encoder != nil {
		_ = p.encoder.Close()
		p.encoder = nil
	}
}
