package rtc

import "tilemix/mcu/stream"

// Stats counts what has left an API's sockets, and what has not and why.
type Stats struct {
	Sent           uint64 // packets that the kernel took
	Dropped        uint64 // packets that found their socket's ring full
	Refused        uint64 // packets that the kernel did not take
	DownlinkErrors uint64 // packets that a connection did not take
	SlowChannels   uint64 // control channels closed because their clients did not read

	TCP stream.Stats
}

// Stats returns the counters.
func (a *API) Stats() Stats {
	s := Stats{DownlinkErrors: a.downlinkErrors.Load(), SlowChannels: a.slowChannels.Load(), TCP: a.tcp.Stats()}
	for _, socket := range a.sockets {
		s.Sent += socket.sent.Load()
		s.Dropped += socket.dropped.Load()
		s.Refused += socket.refused.Load()
	}
	return s
}
