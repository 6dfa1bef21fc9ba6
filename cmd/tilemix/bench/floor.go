package bench

import (
	"fmt"
	"image"
	"runtime"
	"syscall"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mixer/layout"
)

// work is what a server was seen to do in a second.
type work struct {
	cameras  []*bot.Variant // what each sends that is shown
	decodes  float64        // pictures decoded
	speakers int
}

// timePictures times, on this thread, what each picture costs: decoded and scaled
// to its tile, and the canvas encoded, in ms.
func timePictures(f *film, shown []*bot.Variant) (decode, encode float64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	who := make([]layout.Source, len(shown))
	for i := range who {
		who[i].ID.Participant = fmt.Sprint(i)
	}
	tiles := layout.Grid(filmSize, who)
	shown = shown[:min(len(shown), len(tiles))]
	canvas := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: filmSize.X, Height: filmSize.Y, FrameRate: frameRate, Bitrate: full.Bitrate})
	if err != nil {
		return 0, 0, err
	}
	defer enc.Close()
	scalers, decoders := make([]yuv.Scaler, len(shown)), make([]*h264.Decoder, len(shown))
	for i := range decoders {
		if decoders[i], err = h264.NewDecoder(limit.Limits{}); err != nil {
			return 0, 0, err
		}
		defer decoders[i].Close()
	}
	const warm, pictures = 10, 120
	var decoding, encoding time.Duration
	for n := range warm + pictures {
		start := threadTime()
		for i, variant := range shown {
			units := f.units[variant]
			img, err := decoders[i].Decode(units[n%len(units)])
			if err != nil {
				return 0, 0, err
			}
			crop, place := layout.Fit(img.Rect.Size(), tiles[i].Rect)
			src, dst := yuv.View(img, crop), yuv.View(canvas, place)
			scalers[i].Scale(&dst, &src)
		}
		decoded := threadTime()
		if _, err := enc.Encode(canvas, time.Duration(n)*time.Second/frameRate); err != nil {
			return 0, 0, err
		}
		if n >= warm {
			decoding += decoded - start
			encoding += threadTime() - decoded
		}
	}
	if len(shown) > 0 {
		decode = decoding.Seconds() * 1000 / pictures / float64(len(shown))
	}
	return decode, encoding.Seconds() * 1000 / pictures, nil
}

// timeSound times an Opus decode and an encode, in ms.
func timeSound(v *bot.Voice) (decode, encode float64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dec, err := opus.NewDecoder()
	if err != nil {
		return 0, 0, err
	}
	defer dec.Close()
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		return 0, 0, err
	}
	defer enc.Close()
	var block [5760]float32
	var packet [1275]byte
	var decoding, encoding time.Duration
	const blocks = 500
	for n := range blocks {
		start := threadTime()
		if _, err := dec.Decode(block[:], v.Packets[n%len(v.Packets)]); err != nil {
			return 0, 0, err
		}
		decoded := threadTime()
		if _, err := enc.Encode(packet[:], block[:pcm.Samples]); err != nil {
			return 0, 0, err
		}
		decoding += decoded - start
		encoding += threadTime() - decoded
	}
	return decoding.Seconds() * 1000 / blocks, encoding.Seconds() * 1000 / blocks, nil
}

// codecFloor is what the codec work of a second costs, in ms.
func codecFloor(f *film, v *bot.Voice, w work, video, sound bool) (Floor, error) {
	var floor Floor
	if video {
		decode, encode, err := timePictures(f, w.cameras)
		if err != nil {
			return floor, fmt.Errorf("time the codecs: %w", err)
		}
		floor.Decode, floor.Encode = decode*w.decodes, encode*frameRate
	}
	if sound {
		decode, encode, err := timeSound(v)
		if err != nil {
			return floor, fmt.Errorf("time the codecs: %w", err)
		}
		const blocks = pcm.Rate / pcm.Samples
		floor.Opus = blocks * (decode*float64(w.speakers) + encode*float64(w.speakers+1))
	}
	return floor, nil
}

// threadTime is what this thread has used of the processor.
func threadTime() time.Duration {
	const rusageThread = 1
	var u syscall.Rusage
	_ = syscall.Getrusage(rusageThread, &u) // it fails only for wrong arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
