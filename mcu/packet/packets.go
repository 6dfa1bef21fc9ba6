// Package packet holds encoded media on its way to many downlinks.
//
//	encoder ──▶ UnitPool.Put ──▶ PayloadBuffer ──▶ Packets ──▶ each send.Downlink
//
// The payloads of an access unit lie once in memory. Every downlink that sends them,
// queues them or keeps them for retransmission retains that memory, so that a picture
// for 300 viewers is copied once. Nothing is allocated once the pool has grown.
package packet

import "time"

// Packets is one access unit of a picture or one block of sound, as RTP payloads, for
// any number of downlinks. It is a value; its payloads may not be written to.
type Packets struct {
	// Payloads are RTP payloads. They belong to the caller, or lie in Buffer.
	Payloads [][]byte
	// Buffer is the memory of Payloads, or nil. A downlink may retain it, to send later
	// or again.
	Buffer *PayloadBuffer
	// Timestamp counts in the codec's clock (90 kHz for pictures, 48 kHz for sound) from
	// a start of the sender's choice.
	Timestamp uint32
	// At is the instant of Timestamp. Sound and picture of a room share a clock, by which
	// receivers keep them together.
	At time.Time
	// Key says that a receiver can start here. All sound is key.
	Key bool
}

// Size returns the bytes of all payloads.
func (p *Packets) Size() (n int64) {
	for _, b := range p.Payloads {
		n += int64(len(b))
	}
	return n
}
