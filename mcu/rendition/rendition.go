package rendition

import (
	"image"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/codec/ticks"
	"tilemix/codec/yuv"
	"tilemix/mcu/keyframe"
	"tilemix/mcu/ladder"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtptime"
)

// KeepAlive (1 s) is the time between two access units of a picture that does not change.
const KeepAlive = time.Second

// Key names a rendition of a view.
type Key struct {
	Codec codec.Kind
	Rung  int // of the ladder
}

// Producer makes the access units of a rendition.
type Producer interface {
	// Offer hands a picture over, which the producer releases; key asks for a key frame.
	// The next Offer comes after the Output of this one was taken.
	Offer(f *yuv.Frame, at time.Time, key bool)
	// Close ends the producer. It returns at once.
	Close()
}

// Rendition is one stream of a view, for as long as somebody takes it. It belongs to the
// picture clock; Stats is safe for concurrent use.
type Rendition struct {
	key      Key
	rung     ladder.Rung
	epoch    time.Time // of the timestamps
	producer Producer
	retire   func() // takes it out of the metrics

	ready   bool // the producer works
	busy    bool // the producer has a picture, or is being made
	failed  bool // there is no producer
	stale   bool // the picture changed since it was encoded
	pulse   time.Duration
	encoded time.Time // when a picture last was handed over

	takers int       // who have it or wait for it
	shared bool      // there were several in the tick before
	taken  time.Time // when there last was one

	keys   keyframe.Requests
	recent history
	sharp  sharpness

	counters
}

// counters are Stats.
type counters struct{ encodes, keys, replays, skipped, bytes atomic.Uint64 }

// Stats counts what came of a rendition.
type Stats struct {
	Encodes   uint64 // access units
	KeyFrames uint64 // IDRs among them
	Replays   uint64 // viewers that were served without an IDR
	Skipped   uint64 // pictures that rate control left out, or that came too soon
	Bytes     uint64
}

// New returns a rendition that a producer makes, whose first Output says that it is
// ready.
func New(c Config, p Producer) *Rendition {
	return &Rendition{key: c.Key, rung: c.Rung, epoch: c.Epoch, producer: p, stale: true, busy: true, pulse: KeepAlive}
}

// Key names the rendition.
func (r *Rendition) Key() Key { return r.key }

// Rung says how large the picture is.
func (r *Rendition) Rung() ladder.Rung { return r.rung }

// Smaller tells whether the rendition is smaller than another.
func (r *Rendition) Smaller(than *Rendition) bool { return r.key.Rung > than.key.Rung }

// Touch says that the picture changed.
func (r *Rendition) Touch() { r.stale = true }

// Sharpen sets whether a picture that stands still is encoded some times more, for its detail.
func (r *Rendition) Sharpen(on bool) { r.sharp.on = on }

// Pulse sets the time between two access units of a picture that does not change.
func (r *Rendition) Pulse(d time.Duration) { r.pulse = d }

// Shorten is Pulse for a time that is shorter than what is set.
func (r *Rendition) Shorten(d time.Duration) { r.pulse = min(r.pulse, d) }

// Recount begins to count the viewers that take the rendition in this tick.
func (r *Rendition) Recount() { r.takers, r.shared = 0, r.takers > 1 }

// Forsake says that nobody takes the rendition.
func (r *Rendition) Forsake() { r.takers = 0 }

// AddTaker counts a viewer that has the rendition or waits for it.
func (r *Rendition) AddTaker() { r.takers++ }

// Taken tells whether any viewer has the rendition or waits for it.
func (r *Rendition) Taken() bool { return r.takers > 0 }

// Shared tells whether several viewers pay for each of its key frames.
func (r *Rendition) Shared() bool { return r.shared }

// Ready tells whether there is a producer that works.
func (r *Rendition) Ready() bool { return r.ready }

// Idle tells whether the producer works and has no picture now.
func (r *Rendition) Idle() bool { return r.ready && !r.busy }

// Busy tells whether the producer has a picture, or is being made.
func (r *Rendition) Busy() bool { return r.busy }

// Due tells whether the picture of a tick, which the view counts, is to be encoded.
func (r *Rendition) Due(now time.Time, tick int) bool {
	switch {
	case !r.ready || r.takers == 0 || tick%r.rung.Every != 0:
		return false
	case r.busy:
		if r.stale {
			r.Skip()
		}
		return false
	}
	return r.stale || now.Sub(r.encoded) >= r.pulse || r.keys.Due(now) || r.sharp.due(now)
}

// Skip counts a picture that could not be encoded.
func (r *Rendition) Skip() { r.skipped.Add(1) }

// Offer hands a picture to the producer, as an IDR if one is due.
func (r *Rendition) Offer(f *yuv.Frame, now time.Time) {
	r.sharp.begin(r.stale, now)
	r.stale, r.busy, r.encoded = false, true, now
	r.producer.Offer(f, now, r.keys.Due(now))
}

// Encode has the caller's goroutine encode a picture, where the producer is an [Encoder].
func (r *Rendition) Encode(img *image.YCbCr, now time.Time) Output {
	r.sharp.begin(r.stale, now)
	r.stale, r.encoded = false, now
	out := r.producer.(*Encoder).encode(img, now, r.keys.Due(now))
	out.Of = r
	return out
}

// Take takes what the producer made. The packets are valid until the next picture is
// handed over; it returns false when there are none, as when rate control leaves the
// picture out.
func (r *Rendition) Take(out Output) (packet.Packets, bool) {
	r.busy = false
	switch {
	case out.Err != nil:
		r.failed = r.failed || !r.ready
		return packet.Packets{}, false
	case out.Ready:
		r.ready = true
		return packet.Packets{}, false
	case out.Unit == nil:
		r.Skip()
		return packet.Packets{}, false
	}
	size := len(out.AccessUnit.Data)
	if out.Lent {
		for _, p := range out.Unit.Payloads() {
			size += len(p)
		}
	}
	r.encodes.Add(1)
	r.bytes.Add(uint64(size))
	r.sharp.made(size, r.rung)
	if out.AccessUnit.Key {
		r.counters.keys.Add(1)
		r.keys.Made(out.At)
	}
	if r.keys.Age(out.At) < keyframe.Interval { // it may serve a newcomer
		r.recent.add(out.Unit, size, out.AccessUnit.Key)
	} else {
		r.recent.clear()
	}
	return packet.Packets{
		Payloads: out.Unit.Payloads(), Buffer: out.Unit,
		Timestamp: r.timestamp(out.At), At: out.At, Key: out.AccessUnit.Key,
	}, true
}

// RequestKeyFrame asks for an IDR. Requests coalesce.
func (r *Rendition) RequestKeyFrame() { r.keys.Request() }

// KeyDue tells whether an IDR was asked for and may be made now.
func (r *Rendition) KeyDue(now time.Time) bool { return r.keys.Due(now) }

// Ask passes a request for an IDR on to a producer that takes no pictures.
func (r *Rendition) Ask(now time.Time) {
	if r.takers > 0 && r.ready && r.keys.Due(now) {
		r.producer.Offer(nil, now, true)
	}
}

// KeyAge tells how long ago the last IDR was.
func (r *Rendition) KeyAge(now time.Time) time.Duration { return r.keys.Age(now) }

// Expired tells whether nobody has taken the rendition for some time, or its producer
// failed, so that another is to be tried.
func (r *Rendition) Expired(now time.Time, linger time.Duration) bool {
	if r.takers > 0 && !r.failed {
		r.taken = now
	}
	return !r.busy && now.Sub(r.taken) >= linger
}

// Close ends the producer.
func (r *Rendition) Close() {
	r.producer.Close()
	if r.retire != nil {
		r.retire()
	}
}

// timestamp is that of an instant in RTP, at 90 kHz (RFC 6184 §8.2.1, RFC 7741 §4.1).
func (r *Rendition) timestamp(t time.Time) uint32 {
	return rtptime.Timestamp(t.Sub(r.epoch), ticks.Video)
}

// Stats returns the counters. It is safe for concurrent use.
func (r *Rendition) Stats() Stats {
	return Stats{
		Encodes:   r.encodes.Load(),
		KeyFrames: r.counters.keys.Load(),
		Replays:   r.replays.Load(),
		Skipped:   r.skipped.Load(),
		Bytes:     r.bytes.Load(),
	}
}
