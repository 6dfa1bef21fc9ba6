package worker

import (
	"fmt"
	"image"
	"time"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

var (
	// ErrRefused is returned by a decoder that takes nothing more, because its stream has ended too
	// many workers. It wraps codec.ErrCorrupt.
	ErrRefused = fmt.Errorf("the stream has ended its decoder three times within a minute: %w", codec.ErrCorrupt)
	// ErrRestarted is returned by a decoder that had to start anew and waits for a key frame. It wraps
	// codec.ErrCorrupt.
	ErrRestarted = fmt.Errorf("the decoder has started anew: %w", codec.ErrCorrupt)

	errLength   = fmt.Errorf("access unit is empty or too long: %w", codec.ErrCorrupt)
	errNoWorker = fmt.Errorf("no codec worker is ready: %w", codec.ErrCorrupt)
	errCorrupt  = fmt.Errorf("access unit cannot be decoded: %w", codec.ErrCorrupt)
	errNone     = fmt.Errorf("the codec worker has no decoder: %w", codec.ErrCorrupt)
)

const (
	// deaths within probation end a decoder.
	deaths    = 3
	probation = time.Minute
	// second is for how long a worker that is late is looked at, and extensions how often at most.
	second     = 100 * time.Millisecond
	extensions = 20
)

// Decoder decodes in a worker. It is a codec.VideoDecoder, codec.LossMarker and
// codec.ColourTeller, and is not safe for concurrent use.
type Decoder struct {
	crew  *Crew
	kind  codec.Kind
	timer *time.Timer

	at     *process // nil: it has no slot
	slot   int
	out    [size]byte  // the request on its way
	pic    image.YCbCr // in the memory of at
	colour yuv.Colour
	claim  limit.Claim
	lost   bool // access units are missing before the next one
	closed bool

	fatal   []time.Time // when a worker ended with this decoder's access unit in it, at most deaths
	refused bool
}

// Decode decodes one access unit as the codec package says. It blocks for
// Config.Patience, twice where a worker has to start, and longer only where the machine is busy. A worker's
// death is ErrRestarted. After the third within a minute, Decode returns ErrRefused.
func (d *Decoder) Decode(au []byte) (*image.YCbCr, error) {
	switch {
	case d.closed:
		return nil, codec.ErrClosed
	case d.refused:
		return nil, ErrRefused
	case len(au) == 0 || len(au) > unit:
		d.lost = true
		return nil, errLength
	}
	anew := d.at != nil && d.at.ended()
	if anew {
		d.leave()
	}
	if d.at == nil && !d.enter() {
		return nil, errNoWorker
	}
	copy(d.at.mem.unit(d.slot), au)
	lost := d.lost
	d.lost = false
	if d.at.send(request{task: decode, slot: uint8(d.slot), lost: lost, length: len(au)}, &d.out) != nil {
		d.leave()
		return nil, ErrRestarted
	}
	r, ok := d.wait()
	if !ok {
		d.suspect(time.Now())
		d.leave()
		return nil, ErrRestarted
	}
	img, err := d.take(r)
	if anew && err != nil {
		return nil, ErrRestarted
	}
	return img, err
}

// enter takes a slot of a worker, with a decoder in it.
func (d *Decoder) enter() bool {
	w, slot, ok := d.crew.seat(len(d.fatal) > 0, d.timer)
	if !ok {
		return false
	}
	d.at, d.slot, d.lost = w, slot, false // a new decoder begins at a key frame
	_ = w.send(request{task: open, slot: uint8(slot), kind: d.kind}, &d.out)
	return true
}

// leave gives the slot back.
func (d *Decoder) leave() {
	if d.at == nil {
		return
	}
	w := d.at
	d.at, d.pic = nil, image.YCbCr{}
	d.claim.Release()
	if !w.ended() {
		_ = w.send(request{task: shut, slot: uint8(d.slot)}, &d.out)
	}
	d.crew.leave(w, d.slot)
}

// wait waits for the reply. It returns false when the worker has died or takes too long, which ends it.
// A worker that does not get the processor has more time.
func (d *Decoder) wait() (reply, bool) {
	r, ok, late := d.within(d.crew.pool.cfg.Patience)
	pid := d.at.cmd.Process.Pid
	for n := 0; late && n < extensions; n++ {
		before := effortOf(pid)
		if r, ok, late = d.within(second); late && !effortOf(pid).starved(before, second) {
			break
		}
	}
	if late {
		if d.at.hung.CompareAndSwap(false, true) {
			d.crew.pool.hangs.Add(1)
			d.crew.pool.cfg.Log.Warn("a codec worker took too long and is replaced", "codec", d.kind, "limit", d.crew.pool.cfg.Patience)
		}
		d.at.kill()
	} else if !ok {
		if d.at.hung.CompareAndSwap(false, true) {
			d.crew.pool.crashes.Add(1)
			d.crew.pool.cfg.Log.Warn("a codec worker has crashed and is replaced", "codec", d.kind, "status", d.at.cmd.ProcessState.String())
		}
	}
	return r, ok
}

// within waits for the reply for some time. It returns whether there is one, and otherwise whether
// the worker is late or has died.
func (d *Decoder) within(patience time.Duration) (r reply, ok, late bool) {
	d.timer.Reset(patience)
	defer d.timer.Stop()
	select {
	case r = <-d.at.replies[d.slot]:
		return r, true, false
	case <-d.timer.C:
		return r, false, true
	case <-d.at.dead:
		return r, false, false
	}
}

// suspect takes note that a worker ended with this decoder's access unit in it.
func (d *Decoder) suspect(now time.Time) {
	if len(d.fatal) == deaths {
		d.fatal = d.fatal[:copy(d.fatal, d.fatal[1:])]
	}
	d.fatal = append(d.fatal, now)
	if len(d.fatal) == deaths && now.Sub(d.fatal[0]) < probation {
		d.refused = true
		d.crew.pool.refused.Add(1)
		d.crew.pool.cfg.Log.Warn("a camera is not decoded any more, because it ended its codec worker three times", "codec", d.kind)
	}
}

// take makes of a reply what Decode returns.
func (d *Decoder) take(r reply) (*image.YCbCr, error) {
	if err := d.claim.Hold(d.crew.pool.cfg.Limits, r.held); err != nil {
		d.leave()
		return nil, err
	}
	switch r.result {
	case picture:
		d.colour = r.colour()
		d.lay(r.width, r.height)
		return &d.pic, nil
	case none:
		return nil, nil
	case tooLarge:
		return nil, limit.ErrTooLarge
	case noMemory:
		return nil, limit.ErrNoMemory
	case corrupt:
		return nil, errCorrupt
	default:
		return nil, errNone
	}
}

// lay lays the picture over the slot's memory.
func (d *Decoder) lay(w, h int) {
	b := d.at.mem.picture(d.slot)
	luma, chroma := w*h, ((w+1)/2)*((h+1)/2)
	d.pic = image.YCbCr{
		Y: b[:luma:luma], Cb: b[luma : luma+chroma : luma+chroma], Cr: b[luma+chroma : luma+2*chroma : luma+2*chroma],
		YStride: w, CStride: (w + 1) / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
	}
}

// MarkLoss tells that access units are missing before the next one.
func (d *Decoder) MarkLoss() { d.lost = true }

// Colour returns what the stream said of colours with its last picture.
func (d *Decoder) Colour() yuv.Colour { return d.colour }

// Close gives the worker's slot back.
func (d *Decoder) Close() error {
	d.closed = true
	d.leave()
	return nil
}
