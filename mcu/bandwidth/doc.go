// Package bandwidth estimates how many bits a second a line bears, from when the
// packets sent over it are reported to have arrived.
//
//	reports ──▶ Packet{Sent, Arrived} ──▶ bursts ──▶ trend of the delay ──▶ overuse ─┐
//	             │                                                                    ├─▶ Rate
//	             ├─▶ loss ────────────────────────────────────────────────────────────┤
//	             └─▶ probes ──────────────────────────────────────────────────────────┘
//
// The delay part is that of Google's congestion control
// (draft-ietf-rmcat-gcc-02 §5, with the line fitted through the delays of
// libwebrtc instead of the Kalman filter). pion's interceptor/pkg/gcc has the
// Kalman filter, a goroutine for each connection, and allocates for each packet.
//
// Nothing here knows sockets or clocks: time is an argument.
package bandwidth
