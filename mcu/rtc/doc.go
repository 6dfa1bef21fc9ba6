// Package rtc is the server's WebRTC: connections, tracks and SDP. It and its subpackages
// are the only importers of pion/webrtc.
//
//	API ── NewPeer ──▶ Peer ── Events.Video, Events.Audio ──▶ Track ──▶ receive
//	 │                  ├───── Video(), Audio() ◀── Write ─── send.Downlink
//	 ├ udp.Socket       └───── Events.Control ◀─▶ Send, a data channel
//	 └ send.PacketPacer
//
// A Peer is one participant's connection. Most of its goroutines are pion's: they run the
// functions of Events, which may block only themselves. Its own are one for each track, one for
// the RTCP of each downlink, and one that sends reports (reportWriter). API.Run has one
// goroutine for each socket and one for the pacer.
//
//	package   what it does                                  pion/webrtc
//	rtc       connections, tracks, SDP, data channels       yes
//	send      downlinks, pacing, retransmission, estimate   no
//	receive   receiver reports, NACK, arrival times         no
//	route     which stream a packet of a client belongs to  no
//	offer     reads offers, finishes answers                no
//	reports   reads receivers' RTCP                         no
//	udp       sockets that gather packets                   no
//	client    the other end of a call, for join, gateway    yes
//	whip      the client's side of WHIP and WHEP: HTTP      no
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
