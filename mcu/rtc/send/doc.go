// Package send sends the media of a room to participants: one Downlink for each stream,
// one Path for each participant, one PacketPacer for a server.
//
//	clock ── Downlink.Write ──┬──────────▶ sender: sendQueue ──▶ SRTP, socket
//	                          └▶ Writer ──▶  ▲ ▲   │
//	PacketPacer ── every 5 ms, later units ──┘ │   └▶ history ◀─┐
//	RTCP reader ┬ NACK ──▶ retransmitter ──────┘                │
//	            └ arrival times, loss, REMB ──▶ Path ──▶ estimate ──▶ pacing, prober
//
// Three goroutines may send on a downlink: the one that writes it, the pacer and the RTCP
// reader. An atomic flag decides which one does; no writer ever waits for it. In a small
// room the clock writes. In a large one a Fan spreads the downlinks over Writers, each
// with a goroutine, so that the clock never waits and every core is used.
//
// Time is an argument of every function. Only PacketPacer.Run and Writer.run, which are
// goroutines, read a clock.
//
// The parts and their counterparts in libwebrtc:
//
//	here             libwebrtc
//	PacketPacer      modules/pacing/task_queue_paced_sender.cc, pacing_controller.cc
//	sendQueue        modules/pacing/prioritized_packet_queue.cc; it drops whole units
//	history          modules/rtp_rtcp/source/rtp_packet_history.cc; payloads are shared
//	retransmitter    modules/rtp_rtcp/source/rtp_sender.cc, ReSendPacket
//	prober           modules/pacing/bitrate_prober.cc; retransmissions are its payload
//	Path             modules/congestion_controller/rtp/transport_feedback_adapter.cc
//	receiverClock    the same, and transport_feedback.cc
//	senderReports    modules/rtp_rtcp/source/rtcp_receiver.cc
//
// Package bandwidth is the estimator, and package reports reads RTCP.
//
// # Why
//
// Packets for a path with an estimate leave at 2.5 times the estimate, from a bounded queue
// that one pacer for all connections serves every 5 ms. What does not fit is dropped up to
// the next IDR. All other packets leave at once.
//
// Retransmissions come from the access units themselves: a rendition keeps each one in
// reference-counted memory, and a downlink remembers which sequence numbers it had. They take
// at most a fifth of the estimate plus what is lost without a queue, six tries a packet, and
// nothing from before the last IDR.
//
// Timestamps of sound and picture count from the server's epoch, and the sender reports say so,
// so receivers keep them together.
package send
