package rendition

import (
	"fmt"
	"image"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
)

// Output is what a producer made: that it is Ready, first of all, then an access unit
// for each picture.
type Output struct {
	Of    *Rendition
	Ready bool
	// AccessUnit and Unit, its packets, are valid until the next picture is handed over.
	// Unit is nil when rate control left the picture out.
	AccessUnit codec.AccessUnit
	Unit       *packet.PayloadBuffer
	// Lent says that Unit is valid until its taker releases it, and that AccessUnit has no data.
	Lent bool
	At   time.Time // of the tick
	Took time.Duration
	Err  error
}

// Encoder is the producer that encodes pictures. The goroutine that calls Run owns it, but
// for Offer and Close, which belong to the picture clock, and encode, which the clock may
// call while Run waits.
type Encoder struct {
	open  func() (codec.VideoEncoder, error)
	out   chan<- Output
	of    *Rendition
	jobs  chan job
	enc   codec.VideoEncoder
	split payload.Splitter
	pool  packet.UnitPool
	unit  *packet.PayloadBuffer // the last
}

// job is a picture to be encoded.
type job struct {
	frame *yuv.Frame
	at    time.Time // of the tick
	key   bool
}

// Config says which rendition is to be made.
type Config struct {
	Key   Key
	Rung  ladder.Rung
	Epoch time.Time // of the timestamps
}

// NewEncoder returns a rendition whose producer is an encoder that open makes, and the
// encoder, whose Run puts what it makes into out; out has room for one Output of each
// rendition.
func NewEncoder(r Config, open func() (codec.VideoEncoder, error), out chan<- Output) (*Rendition, *Encoder) {
	e := &Encoder{open: open, out: out, jobs: make(chan job, 1), split: table.Of(r.Key.Codec).NewSplitter()}
	e.of = New(r, e)
	return e.of, e
}

// Run makes the encoder, which takes some milliseconds, and encodes what it is offered
// until Close.
func (e *Encoder) Run() {
	enc, err := e.open()
	if err != nil {
		e.out <- Output{Of: e.of, Err: fmt.Errorf("make an encoder: %w", err)}
		return
	}
	defer func() { _ = enc.Close() }()
	e.enc = enc
	e.out <- Output{Of: e.of, Ready: true}
	for j := range e.jobs {
		out := e.encode(&j.frame.YCbCr, j.at, j.key)
		j.frame.Release()
		out.Of = e.of
		e.out <- out
	}
}

// Offer is Producer's.
func (e *Encoder) Offer(f *yuv.Frame, at time.Time, key bool) { e.jobs <- job{f, at, key} }

// Close is Producer's.
func (e *Encoder) Close() { close(e.jobs) }

// encode encodes one picture.
func (e *Encoder) encode(img *image.YCbCr, at time.Time, key bool) Output {
	start := time.Now()
	if k, ok := e.enc.(codec.KeyFrameForcer); ok && key {
		k.ForceKeyFrame()
	}
	out := Output{At: at}
	out.AccessUnit, out.Err = e.enc.Encode(img, at.Sub(e.of.epoch))
	switch {
	case out.Err != nil:
		out.Err = fmt.Errorf("encode picture: %w", out.Err)
	case len(out.AccessUnit.Data) > 0:
		if e.unit != nil {
			e.unit.Release()
		}
		e.unit = e.pool.Put(e.split.Split(out.AccessUnit.Data))
		out.Unit = e.unit
	}
	out.Took = time.Since(start)
	return out
}
