package send

import "sync/atomic"

// Counters are what all downlinks of a server count together. They are safe for
// concurrent use.
type Counters struct {
	Errors                   atomic.Uint64 // packets that a connection did not take
	Retransmitted            atomic.Uint64 // packets sent again because they were lost
	NotRetransmitted         atomic.Uint64 // requested packets that were too old, just sent again, or too many
	InvalidReports           atomic.Uint64 // reports of clients that contradict what was sent
	Probes                   atomic.Uint64 // packets sent again to probe a path
	Dropped                  atomic.Uint64 // access units that a path could not take
	WriterDropped            atomic.Uint64 // access units and blocks of sound that found a writer's ring full
	UnknownStreamKeyRequests atomic.Uint64 // requests for an IDR of a stream that is not sent
}
