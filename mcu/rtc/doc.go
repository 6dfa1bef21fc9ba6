// Package rtc is the server's WebRTC: connections, tracks and SDP. It and its subpackages
// are the only importers of pion/webrtc.
//
//	API ── NewPeer ──▶ Peer ── Events.Video, Events.Audio ──▶ Track ──▶ receive
//	 │                  ├───── Video(), Audio() ◀── Write ─── send.Downlink
//	 ├ udp.Socket       └───── Events.Control ◀─▶ Send, a data channel
//	 └ send.PacketPacer
//
// A Peer is one participant's connection. Its goroutines are pion's: they run the functions
// of Events, which may block only themselves. API.Run has one goroutine for each socket and
// one for the pacer.
//
//	package   what it does                                  pion/webrtc
//	rtc       connections, tracks, SDP, data channels       yes
//	send      downlinks, pacing, retransmission, estimate   no
//	receive   receiver reports, NACK, arrival times         no
//	reports   reads receivers' RTCP                         no
//	udp       sockets that gather packets                   no
//
// # Why
//
// An answer names only the codec that the server prefers (the first of codec/table), wherever it
// stands in the offer. The offers of browsers and of aiortc begin with another one, which would
// cost the room an encode that no viewer requested.
//
// All of UDP is one port, and ICE-TCP is passive on the same number. The server opens no TCP
// connection that a client names.
package rtc

import "tilemix/mcu/rtc/offer"

var (
	// ErrBadSDP is returned for an offer that cannot be read or answered.
	ErrBadSDP = offer.ErrBadSDP
	// ErrNoCodec is returned for an offer without a codec in common. The wrapping text says
	// which attribute is refused, and what would be taken.
	ErrNoCodec = offer.ErrNoCodec
	// ErrUnbundled is returned for an offer whose sections are not to share one transport.
	ErrUnbundled = offer.ErrUnbundled
)
