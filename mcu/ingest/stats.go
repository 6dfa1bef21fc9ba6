package ingest

import (
	"errors"
	"time"

	"tilemix/codec/limit"
	"tilemix/mcu/jitter"
	"tilemix/mcu/worker"
)

// VoiceStats counts the packets of a Voice since it was made.
type VoiceStats struct {
	Received  uint64        // packets with a payload
	Corrupt   uint64        // no Opus, or not to be decoded; concealed
	Dropped   uint64        // the ring was full, or far too much was buffered
	Late      uint64        // came after their time
	Duplicate uint64        // came again
	Lost      uint64        // not there when their time came
	Recovered uint64        // of these, those that the next packet's FEC made good
	Concealed uint64        // stretches of up to 20 ms made up
	Restarts  uint64        // the sender began a new stream
	Delay     time.Duration // from the fastest packets' arrival to the sound clock; 0 in silence
	Target    time.Duration // what Delay is steered to
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
		Dropped:   c.dropped.Load() + c.skipped.Load(),
		Late:      c.late.Load(),
		Duplicate: c.duplicate.Load(),
		Lost:      c.lost.Load(),
		Recovered: c.recovered.Load(),
		Concealed: c.concealed.Load(),
		Restarts:  c.restarts.Load(),
		Delay:     time.Duration(c.delay.Load()),
		Target:    time.Duration(c.target.Load()),
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
