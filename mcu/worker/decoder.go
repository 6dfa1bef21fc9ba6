package worker

import (
	"fmt"
	"image"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
)

var (
	// ErrRefused is returned by a decoder that takes nothing more, because its stream has ended too
	// many workers. It wraps codec.ErrCorrupt.
	ErrRefused = fmt.Errorf("the stream has ended its decoder too often within a minute: %w", codec.ErrCorrupt)
	// ErrRestarted is returned by a decoder that had to start anew and waits for a key frame. It wraps
	// codec.ErrCorrupt.
	ErrRestarted = fmt.Errorf("the decoder has started anew: %w", codec.ErrCorrupt)

	errLength   = fmt.Errorf("access unit is empty or too long: %w", codec.ErrCorrupt)
	errNoWorker = fmt.Errorf("no codec worker is ready: %w", codec.ErrCorrupt)
	errCorrupt  = fmt.Errorf("access unit cannot be decoded: %w", codec.ErrCorrupt)
	errNone     = fmt.Errorf("the codec worker has no decoder: %w", codec.ErrCorrupt)
)

const (
	// stall is from when on a worker is looked at that does not answer, second for how long one that is
	// late, and extensions how often at most.
	stall      = 50 * time.Millisecond
	second     = 100 * time.Millisecond
	extensions = 40
)

// Decoder decodes in a worker. It is a codec.VideoDecoder, codec.LossMarker and
// codec.ColourTeller, which can also scale, and is not safe for concurrent use.
type Decoder struct {
	crew  *Crew
	kind  codec.Kind
	timer *time.Timer

	at     *process // nil: it has no slot
	slot   int
	anew   bool // the worker has no decoder yet
	r      request
	source image.Point // of the last picture
	pic    image.YCbCr // in the memory of at
	colour yuv.Colour
	claim  limit.Claim
	lost   bool // access units are missing before the next one
	again  bool // it has a new worker since its last answer, or waits for one
	closed bool

	stalled func() // of OnStall
	record  record
}

// Decode decodes one access unit as the codec package says. It blocks for
// Config.Patience, twice where a worker has to start, and longer only where the machine is busy. A worker's
// death is ErrRestarted. After Config.Deaths within a minute, Decode returns ErrRefused.
func (d *Decoder) Decode(au []byte) (*image.YCbCr, error) {
	if there, err := d.decode(au, fit.Wanted{}); err != nil || !there {
		return nil, err
	}
	d.pic = lay(d.at.mem.pictures(d.slot), d.source.X, d.source.Y)
	return &d.pic, nil
}

// DecodeTiles decodes one access unit as Decode does, in the sizes of tiles.
func (d *Decoder) DecodeTiles(au []byte, w fit.Wanted, pool *yuv.Pool) (fit.Picture, error) {
	if there, err := d.decode(au, w); err != nil || !there {
		return fit.Picture{}, err
	}
	return d.r.wanted.Gather(pool, d.source, d), nil
}

// Draw copies what tile i shows of the last picture out of the worker's memory.
func (d *Decoder) Draw(dst *image.YCbCr, i int) {
	at, place := spot(&d.r.wanted, d.source, i)
	d.pic = lay(d.at.mem.pictures(d.slot)[at:], place.X, place.Y)
	yuv.Copy(dst, &d.pic)
}

// decode has the worker decode an access unit, and tells whether there is a picture.
func (d *Decoder) decode(au []byte, w fit.Wanted) (there bool, err error) {
	if err := d.Ready(); err != nil {
		return false, err
	}
	if len(au) == 0 || len(au) > unit {
		d.lost = true
		return false, errLength
	}
	copy(d.at.mem.unit(d.slot), au)
	d.r = request{task: decode, kind: d.kind, anew: d.anew, lost: d.lost, length: len(au), wanted: w}
	d.anew, d.lost = false, false
	r, err := d.ask()
	if err != nil {
		d.again = false
		d.leave()
		return false, err
	}
	there, err = d.take(r)
	if again := d.again; there || err != nil {
		d.again = false
		if again && err != nil {
			return false, ErrRestarted
		}
	}
	return there, err
}

// Ready takes a slot of a worker where the decoder has none. It waits for a new worker for Config.Patience
// at most, and returns an error that wraps codec.ErrCorrupt where none came. Decode does the same, but its
// caller may hold what others want meanwhile. Key frames that came while there was no worker are lost: Decode
// then returns ErrRestarted for what follows them.
func (d *Decoder) Ready() error {
	switch {
	case d.closed:
		return codec.ErrClosed
	case d.record.refused:
		return ErrRefused
	}
	if d.at != nil && d.at.ended() {
		d.again = true
		d.leave()
	}
	if d.at == nil && !d.enter() {
		d.again = true
		return errNoWorker
	}
	return nil
}

// OnStall says what Decode calls, once, when its worker does not answer and does not run either: it uses no
// core while Decode waits on.
func (d *Decoder) OnStall(f func()) { d.stalled = f }

// enter takes a slot of a worker.
func (d *Decoder) enter() bool {
	w, slot, ok := d.crew.seat(d.record.suspected(time.Now()), d.timer)
	if !ok {
		return false
	}
	d.at, d.slot, d.anew, d.lost = w, slot, true, false // a new decoder begins at a key frame
	w.serve(slot)
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
		w.mem.door(d.slot).ask(request{task: shut})
	}
	d.crew.leave(w, d.slot)
}

// ask sends the request and waits for the reply. A worker that has died, that takes too long or that
// answers something else fails, and is ended. One that does not get the processor has more time.
func (d *Decoder) ask() (r reply, err error) {
	door := d.at.mem.door(d.slot)
	if !d.settled(door) { // the slot's last decoder has still to be shut
		d.blame(true)
		return r, ErrRestarted
	}
	if door.ask(d.r); d.at.ended() {
		return r, ErrRestarted // it was so before
	}
	inTime := d.settled(door)
	answer := *door.reply
	if inTime && atomic.LoadUint32(door.turn) == servers && r.get(&answer) && (r.result != picture || d.fits(r)) {
		return r, nil
	}
	d.blame(!inTime)
	d.record.suspect(d.crew.pool, "camera", time.Now())
	return r, ErrRestarted
}

// fits tells whether the slot has room for a picture and what the tiles show of it.
func (d *Decoder) fits(r reply) bool {
	return end(&d.r.wanted, image.Pt(r.width, r.height)) <= len(d.at.mem.pictures(d.slot))
}

// settled waits until it is not the worker's turn, and tells whether that came in time.
func (d *Decoder) settled(door door) bool {
	if door.settled(stall) {
		return true
	}
	pid, patience := d.at.cmd.Process.Pid, d.crew.pool.cfg.Patience-stall
	before := effortOf(pid)
	if d.stalled != nil && !before.runs {
		d.stalled()
	}
	wait := patience
	for range extensions {
		if door.settled(wait) {
			return true
		}
		if now := effortOf(pid); now.hangs(before, patience) {
			return !now.stopped && door.settled(second)
		}
		wait = second
	}
	return door.settled(second)
}

// blame counts the end of a worker, once, and ends it.
func (d *Decoder) blame(late bool) { d.crew.pool.blame(d.at, late, d.kind.String()) }

// take makes of a reply what decode returns.
func (d *Decoder) take(r reply) (there bool, err error) {
	if err := d.claim.Hold(d.crew.pool.cfg.Limits, r.held); err != nil {
		d.leave()
		return false, err
	}
	switch r.result {
	case picture:
		d.colour, d.source = r.colour(), image.Pt(r.width, r.height)
		return true, nil
	case none:
		return false, nil
	case tooLarge:
		return false, limit.ErrTooLarge
	case noMemory:
		return false, limit.ErrNoMemory
	case corrupt:
		return false, errCorrupt
	default:
		return false, errNone
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
