package ingest

import (
	"errors"
	"image"
	"math"
	"sync/atomic"
	"time"

	"tilemix/codec/limit"
	"tilemix/mcu/jitter"
	"tilemix/mcu/worker"
)

// VoiceStats counts the packets of a Voice since it was made.
type VoiceStats struct {
	Received  uint64        // packets with a payload
	Corrupt   uint64        // no Opus, or not to be decoded; concealed
	Refused   uint64        // that came after the decoder had refused the voice for good
	Dropped   uint64        // the ring was full, or far too much was buffered
	Late      uint64        // came after their time
	Duplicate uint64        // came again
	Lost      uint64        // not there when their time came
	Recovered uint64        // of these, those that the next packet's FEC made good
	Concealed uint64        // stretches of up to 20 ms made up
	Restarts  uint64        // the sender began a new stream
	Delay     time.Duration // from the fastest packets' arrival to the sound clock; 0 in silence
	Target    time.Duration // what Delay is steered to
	Sounding  uint64        // blocks of 20 ms that were more than digital silence
	Clipped   uint64        // packets whose sound reaches beyond what its sender can write
	Level     float64       // how loud the last second was, in dBov; -127 is silence
}

func (c *counters) publish(b *jitter.Buffer, held int, now time.Time) {
	s := b.Stats()
	c.skipped.Store(s.Dropped)
	c.late.Store(s.Late)
	c.duplicate.Store(s.Duplicate)
	c.lost.Store(s.Lost)
	c.recovered.Store(s.Recovered)
	c.concealed.Store(s.Concealed)
	c.restarts.Store(s.Restarts)
	c.delay.Store(int64(b.Delay(held, now)))
	c.target.Store(int64(b.Target()))
}

func (c *counters) stats() VoiceStats {
	return VoiceStats{
		Received:  c.received.Load(),
		Corrupt:   c.corrupt.Load() + c.undecodable.Load(),
		Refused:   c.refused.Load(),
		Dropped:   c.dropped.Load() + c.skipped.Load(),
		Late:      c.late.Load(),
		Duplicate: c.duplicate.Load(),
		Lost:      c.lost.Load(),
		Recovered: c.recovered.Load(),
		Concealed: c.concealed.Load(),
		Restarts:  c.restarts.Load(),
		Delay:     time.Duration(c.delay.Load()),
		Target:    time.Duration(c.target.Load()),
		Sounding:  c.sounding.Load(),
		Clipped:   c.clipped.Load(),
		Level:     c.loudness(),
	}
}

// VideoStats counts what came of a camera's packets.
type VideoStats struct {
	Packets     uint64 // arrived
	Dropped     uint64 // arrived late, twice or too long
	Pictures    uint64 // decoded and scaled
	Lost        uint64 // gaps in the packets that were not repaired
	Corrupt     uint64 // times the decoder lost the stream
	Capped      uint64 // access units dropped because the camera costs too much
	Oversize    uint64 // access units whose pictures are larger than the server takes
	NoMemory    uint64 // access units for which decoders hold too much memory already
	Refused     uint64 // access units that came after the decoder had refused the camera for good
	Cuts        uint64 // times that decoding stopped for that until the next IDR
	Lagged      uint64 // access units dropped because they had waited unread for too long
	Starved     uint64 // pictures dropped because the pool was empty
	KeyRequests uint64 // IDRs asked of the sender
	Holes       uint64 // of Lost, those where packets were missing
	Padding     uint64 // packets that carry nothing
	Units       uint64 // access units that were whole
	Keys        uint64 // key frames among them
	Bare        uint64 // key frames for which no parameter sets are known

	Decoding time.Duration // that all pictures took to decode and scale
	Frozen   time.Duration // that pictures came later than the usual pace of the camera has them
	Queue    time.Duration // for which packets wait on the path lately, at least
	Size     image.Point   // of the newest picture, in pixels
}

// Stats returns the counters.
func (v *Video) Stats() VideoStats {
	return VideoStats{
		Packets:     v.packets.Load(),
		Dropped:     v.dropped.Load(),
		Pictures:    v.pictures.Load(),
		Lost:        v.lost.Load(),
		Corrupt:     v.corrupt.Load(),
		Capped:      v.capped.Load(),
		Oversize:    v.oversize.Load(),
		NoMemory:    v.unaffordable.Load(),
		Refused:     v.refused.Load(),
		Cuts:        v.cuts.Load(),
		Lagged:      v.lagged.Load(),
		Starved:     v.starved.Load(),
		KeyRequests: v.keyRequests.Load(),
		Holes:       v.holes.Load(),
		Padding:     v.padding.Load(),
		Units:       v.units.Load(),
		Keys:        v.keys.Load(),
		Bare:        v.bare.Load(),
		Decoding:    time.Duration(v.flow.decoding.Load()),
		Frozen:      time.Duration(v.flow.frozen.Load()),
		Queue:       time.Duration(v.flow.queue.Load()),
		Size:        unpack(v.flow.size.Load()),
	}
}

// countUnit counts the access unit that the queue gave last.
func (v *Video) countUnit() {
	v.units.Add(1)
	if k, ok := v.queue.join.(interface{ Key() bool }); ok && k.Key() {
		v.keys.Add(1)
		if v.sets.lack {
			v.bare.Add(1)
		}
	}
}

// fail takes note of an access unit that the decoder refused after some time. A worker that had to start
// anew is not the sender's fault.
func (v *Video) fail(err error, took time.Duration) {
	if !errors.Is(err, worker.ErrRestarted) {
		v.budget.spend(took) // who knows how far it came
	}
	switch {
	case errors.Is(err, limit.ErrTooLarge):
		v.oversize.Add(1)
	case errors.Is(err, worker.ErrRefused):
		v.refused.Add(1)
	case errors.Is(err, worker.ErrRestarted):
		v.asked.Store(0) // the sender is asked at once, even if it was asked just now
	case errors.Is(err, limit.ErrNoMemory):
		v.unaffordable.Add(1)
	case !v.broken:
		v.corrupt.Add(1)
	}
	v.broken = true
}

const (
	// A flow knows the fastest packets of queueSpans spans of queueSpan: of two minutes.
	queueSpan, queueSpans = 10 * time.Second, 12
	// queueLook (500 ms) is over which time the fastest packet shows how long all wait.
	queueLook = 500 * time.Millisecond
	// late (150 ms), and lateTimes the usual interval, is from when a picture makes a freeze, as in
	// W3C's webrtc-stats.
	late, lateTimes = 150 * time.Millisecond, 3
	// longest (5 s) is the longest freeze: a camera that brings nothing for longer was off.
	longest = 5 * time.Second
)

// flow is how the packets and pictures of a camera come. It belongs to the half of Push; what is
// atomic is for all.
type flow struct {
	decoding, frozen, queue, size atomic.Int64

	last  time.Time     // the newest picture
	usual time.Duration // between two

	epoch   time.Time // that transits count from
	looked  time.Time
	low     time.Duration // transit of the fastest packet since
	spans   [queueSpans]time.Duration
	turned  time.Time
	current int
}

// came takes the transit of a packet, which counts from an epoch.
func (f *flow) came(epoch time.Time, transit time.Duration, now time.Time) {
	if !epoch.Equal(f.epoch) {
		f.epoch, f.looked, f.turned, f.low = epoch, now, now, transit
		for i := range f.spans {
			f.spans[i] = math.MaxInt64
		}
	}
	if now.Sub(f.turned) >= queueSpan {
		f.turned, f.current = now, (f.current+1)%queueSpans
		f.spans[f.current] = math.MaxInt64
	}
	f.low = min(f.low, transit)
	f.spans[f.current] = min(f.spans[f.current], transit)
	if now.Sub(f.looked) < queueLook {
		return
	}
	least := f.low
	for _, span := range f.spans {
		least = min(least, span)
	}
	f.queue.Store(int64(f.low - least))
	f.looked, f.low = now, transit
}

// decoded takes the size of a picture, and how long it took.
func (f *flow) decoded(size image.Point, took time.Duration) {
	f.decoding.Add(int64(took))
	f.size.Store(int64(size.X)<<32 | int64(size.Y))
}

// picture takes when a picture was ready.
func (f *flow) picture(at time.Time) {
	gap := at.Sub(f.last)
	if f.last.IsZero() {
		gap = 0
	}
	if f.usual > 0 && gap > max(lateTimes*f.usual, f.usual+late) {
		if gap < longest {
			f.frozen.Add(int64(gap - f.usual))
		}
		gap = f.usual
	}
	f.usual += (gap - f.usual) / 8
	f.last = at
}

// unpack returns a size as decoded stored it.
func unpack(size int64) image.Point { return image.Pt(int(size>>32), int(size&math.MaxUint32)) }

// due returns when an access unit would have come without jitter.
func (v *Video) due(first time.Time) time.Time { return first.Add(-v.model.late(v.queue.stamp, first)) }

// arrived is due for a Tap. It follows pictures whose timestamps are late, as the mix does.
func (v *Video) arrived(first time.Time) time.Time {
	return first.Add(-v.tapped.jitter(v.model.late(v.queue.stamp, first), first))
}
