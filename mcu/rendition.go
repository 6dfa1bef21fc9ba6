package mcu

import (
	"fmt"
	"time"

	"tilemix/codec"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/fanout"
	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
)

// kind names one rendition of a room's picture: how it is encoded, and which rung of
// the ladder it is.
type kind struct {
	codec codec.Kind
	rung  int
}

// encoderFor makes an encoder of a rung.
func encoderFor(kind codec.Kind, rung ladder.Rung) (codec.VideoEncoder, error) {
	cfg := codec.VideoConfig{
		Width: rung.Size.X, Height: rung.Size.Y, FrameRate: rung.FrameRate, Bitrate: rung.Bitrate,
	}
	return table.Of(kind).NewEncoder(cfg)
}

// rendition is one encode of a room's picture, for as long as somebody takes it. It
// belongs to the picture clock; its goroutine has enc while the rendition is busy.
type rendition struct {
	kind
	ladder.Rung
	enc    *fanout.Rendition // nil until it is made
	busy   bool
	failed bool     // there is no encoder
	jobs   chan job // to its goroutine; closed, it ends

	stale   bool          // the picture changed since it was encoded
	pulse   time.Duration // between two access units of a picture that does not change
	encoded time.Time     // when it last was
	takers  int           // who have it or wait for it
	shared  bool          // there were several in the tick before
	taken   time.Time     // when there last was one
}

// job is a picture to be encoded.
type job struct {
	frame *yuv.Frame
	at    time.Time // of the tick
}

// result is what comes of a job, or, the first of a rendition, its encoder.
type result struct {
	r       *rendition
	enc     *fanout.Rendition
	packets packet.Packets
	at      time.Time // of the tick
	took    time.Duration
	err     error
}

// run makes the encoder, which takes some milliseconds, and encodes what it is given.
// There is room for its results.
func (r *rendition) run(room *Room, results chan<- result) {
	enc, err := encoderFor(r.codec, r.Rung)
	if err != nil {
		results <- result{r: r, err: fmt.Errorf("make an encoder: %w", err)}
		return
	}
	f := fanout.NewRendition(enc, table.Of(r.codec).NewSplitter(), room.epoch)
	defer func() { _ = f.Close() }()
	defer room.server.stats.countRendition(r.kind, f)()
	results <- result{r: r, enc: f}
	for j := range r.jobs {
		results <- r.encode(j, f)
	}
}

func (r *rendition) encode(j job, f *fanout.Rendition) result {
	start := time.Now()
	packets, err := f.Encode(&j.frame.YCbCr, j.at)
	j.frame.Release()
	return result{r: r, packets: packets, at: j.at, took: time.Since(start), err: err}
}

// due tells whether the rendition is to be encoded in a tick.
func (r *rendition) due(now time.Time, tick int) bool {
	switch {
	case r.enc == nil || r.takers == 0 || tick%r.Every != 0:
		return false
	case r.busy:
		if r.stale {
			r.enc.Skip()
		}
		return false
	}
	return r.stale || now.Sub(r.encoded) >= r.pulse || r.enc.KeyDue(now)
}
