// Package jitter is the audio jitter buffer: packets come in when the network
// brings them, and sound is pulled out at the mixer's pace. It does no I/O,
// decodes nothing and has no clock of its own: time is an argument.
//
//	Push(packet, now) ─▶ order, duplicates, restarts ─▶ slots by sequence number
//	      └─▶ arrivals: lateness against the fastest packet ─▶ target delay
//	Adjust(held, now) ◀─ delay against target: keep, squeeze, stretch, skip
//	Pull(need, now)   ◀─ what to do for the next samples: play, recover, conceal, silence
//
// All times inside are counted in samples at 48 kHz, which is Opus' RTP clock
// (RFC 7587 §4.1), so packets may be of any duration, and a gap in the timestamps
// without one in the sequence numbers (DTX) is silence and not loss.
//
// The delay of a sample is how much later it is played than it would be had its packet
// come as quickly as the fastest of the last seconds and been played at once.
// The target is a high percentile of the packets' lateness on the same scale: up
// at once, down slowly. What the network holds back for longer than maxTarget is a
// stall and not jitter: it is concealed, and what it releases is skipped.
//
// # Why
//
// pion's jitter buffer waits for 50 packets before it starts, takes a mutex, and decides
// nothing about concealment. The parts of this package have their counterparts in NetEQ:
// arrivals is the delay manager, Adjust the decision logic, Pull the packet buffer.
//
// The buffer does not wait for retransmissions. Where the sound waits for pictures that are
// repaired, a retransmitted packet arrives in time.
package jitter
