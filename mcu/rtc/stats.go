package rtc

import (
	"sync/atomic"

	"tilemix/mcu/rtc/route"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/stream"
)

// counts are what the peers of an API count together.
type counts struct {
	send.Counters
	slowChannels, rejectedDataChannels, panics, namedCandidates, spareDropped, reportsDropped atomic.Uint64

	unbound unbound
}

// unbound counts packets that belong to no stream, by reason.
type unbound [5]atomic.Uint64

// reasons are those that packets belong to no stream.
func reasons() [5]route.Reason {
	return [5]route.Reason{route.NoSection, route.NoFormat, route.NoLayer, route.Surplus, route.NoOriginal}
}

func (u *unbound) add(why route.Reason) {
	for i, reason := range reasons() {
		if reason == why {
			u[i].Add(1)
		}
	}
}

// Stats counts what the peers of an API did.
type Stats struct {
	Sent                     uint64 // packets that the kernel took
	Dropped                  uint64 // packets that found their socket's ring full
	Refused                  uint64 // packets that the kernel did not take
	DownlinkErrors           uint64 // packets that a connection did not take
	DownlinkDropped          uint64 // access units that a path could not take
	ReportsDropped           uint64 // reports to clients that newer ones replaced before they were sent
	WriterDropped            uint64 // units of large rooms that found a writer's ring full
	SlowChannels             uint64 // control channels closed because their clients did not read
	SpareDropped             uint64 // control messages left out for clients that did not read
	RejectedDataChannels     uint64 // data channels closed because they were not the control channel
	Panics                   uint64 // connections ended because their reports found a fault of the server's
	Retransmitted            uint64 // packets sent again because they were lost
	NotRetransmitted         uint64 // requested packets that were too old, just sent again, or too many
	InvalidReports           uint64 // reports of clients that contradict what was sent
	Probes                   uint64 // packets sent again to probe a path
	UnknownStreamKeyRequests uint64 // requests for an IDR of a stream that is not sent
	NamedCandidates          uint64 // addresses that clients named, none of which is used

	// Unbound are packets that belong to no stream that was answered, by reason.
	Unbound map[string]uint64

	TCP stream.Stats
}
