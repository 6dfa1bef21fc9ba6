// Package jitter is the audio jitter buffer. The network pushes packets, and the sound clock pulls
// sound at the pace of the mix. The package decodes nothing; time is an argument.
//
//	Push(packet, now) ─▶ order, duplicates, restarts ─▶ slots by sequence number
//	      └─▶ arrivals: lateness against the fastest packet ─▶ target delay
//	Adjust(held, now) ◀─ delay against target: keep, accelerate, expand, skip
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
// # Counterparts in NetEQ
//
// The parts do what libwebrtc's NetEQ (modules/audio_coding/neteq) does, without its decoder:
//
//	here                             NetEQ
//	Buffer.Push, slots               PacketBuffer, TimestampScaler
//	arrivals: target of lateness     DelayManager: RelativeArrivalDelayTracker, UnderrunOptimizer
//	arrivals.base                    the fastest packet of RelativeArrivalDelayTracker
//	losses                           none: NetEQ uses FEC where the next packet is there already
//	Adjust                           DecisionLogic::ExpectedPacketAvailable
//	Accelerate, AccelerateQuiet      Accelerate, fast accelerate
//	Expand, ExpandQuiet              PreemptiveExpand
//	Pull: Play                       Normal, Merge
//	Pull: Recover                    decoding of the redundant payload (FEC)
//	Pull: Conceal                    Expand (packet loss concealment)
//	Pull: Silence                    CNG and DTX
//	skip                             buffer flush (smart flushing)
//	Raise                            SetBaseMinimumDelay, for audio and video in sync
//	pcm.Stretcher (codec/pcm)        TimeStretch: the search for a period and the cross-fade
//	ingest.Voice: decode, conceal    NetEqImpl::Decode, DecoderDatabase
//	ingest.Voice: remainder          SyncBuffer
//
// NetEQ conceals by its own algorithm; here libopus conceals, because it knows the state of the
// stream. NetEQ works in blocks of 10 ms; here a block is 20 ms, as the mix is.
//
// # Why
//
// pion/interceptor's jitterbuffer does not fit. It waits for 50 packets before it starts, which
// is a second of sound. It stalls at a lost packet until the caller skips it, takes a mutex for
// every packet, and decides nothing about concealment or delay.
//
// The buffer does not wait for retransmissions. Where the sound waits for pictures that are
// repaired, a retransmitted packet arrives in time.
package jitter
