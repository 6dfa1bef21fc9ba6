package rtc

import (
	"sync/atomic"

	"tilemix/mcu/stream"
)

// counts are what the peers of an API count together.
type counts struct {
	errors, slow, foreign, panics          atomic.Uint64
	repeats, refused, absurd, probes, held atomic.Uint64
	strange                                atomic.Uint64
}

// Stats counts what has left an API's sockets, and what has not and why.
type Stats struct {
	Sent           uint64 // packets that the kernel took
	Dropped        uint64 // packets that found their socket's ring full
	Refused        uint64 // packets that the kernel did not take
	DownlinkErrors uint64 // packets that a connection did not take
	SlowChannels   uint64 // control channels closed because their clients did not read
	Foreign        uint64 // data channels closed because they were of no use
	Panics         uint64 // connections ended because their reports found a fault of the server's
	Repeats        uint64 // packets sent again because they were lost
	NotRepeated    uint64 // packets asked for that were too old, just repeated, or too many
	Absurd         uint64 // reports of clients that cannot be
	Probes         uint64 // packets sent again to try a line
	Held           uint64 // access units that a line could not take
	StrangeKeys    uint64 // requests for an IDR of a stream that is not sent

	TCP stream.Stats
}

// Stats returns the counters.
func (a *API) Stats() Stats {
	c := &a.counts
	s := Stats{
		DownlinkErrors: c.errors.Load(), SlowChannels: c.slow.Load(), Foreign: c.foreign.Load(), Panics: c.panics.Load(),
		Repeats: c.repeats.Load(), NotRepeated: c.refused.Load(), Absurd: c.absurd.Load(),
		Probes: c.probes.Load(), Held: c.held.Load(), StrangeKeys: c.strange.Load(), TCP: a.tcp.Stats(),
	}
	for _, socket := range a.sockets {
		s.Sent += socket.sent.Load()
		s.Dropped += socket.dropped.Load()
		s.Refused += socket.refused.Load()
	}
	return s
}
