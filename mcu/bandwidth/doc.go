// Package bandwidth estimates how many bits a second a line bears, from when the
// packets sent over it are reported to have arrived.
//
//	reports ──▶ Outcome{Sent, Arrived} ──▶ bursts ──▶ trend of the delay ──▶ overuse ─┐
//	             │                                                                    ├─▶ Rate
//	             ├─▶ loss ────────────────────────────────────────────────────────────┤
//	             └─▶ probes ──────────────────────────────────────────────────────────┘
//
// The delay part is that of Google's congestion control
// (draft-ietf-rmcat-gcc-02 §5, with the line fitted through the delays of
// libwebrtc instead of the Kalman filter).
//
// Nothing here knows sockets or clocks: time is an argument.
//
// # Why
//
// A queue that stands for 0.2 s, or loss that a queue explains, lowers the estimate at once to
// what came through. If packets arrive without queueing delay, the path has at least that
// bandwidth. Loss of up to 30 % without queueing delay is therefore not treated as
// congestion, and a short stall of the machine or the radio does not lower the estimate.
//
// The estimate grows slowly, and never above 1.5 times the bitrate that is sent. To learn
// more, the ladder requests probes: bursts of old packets, sent as retransmissions. There is
// no estimate until a path has shown a limit.
//
// pion's interceptor/pkg/gcc has the Kalman filter, two goroutines and a ticker for each
// connection, allocates for each packet, and its estimate grows without bound while little is sent.
package bandwidth
