// Package rtc is everything that tilemix knows of pion/webrtc, and the only
// importer of it.
//
//	API ── NewPeer ──▶ Peer ── Events.Video, Events.Audio ──▶ Track   (uplink)
//	 │                  ├───── Video(), Audio() ◀── Write ─── Downlink (downlink)
//	 └ UDP sockets      └───── Events.Control ◀─▶ Send, a data channel
//
// A Peer is one participant's connection. The goroutines in it are pion's: they
// run the functions of Events, which may block only themselves.
//
// # Why
//
// An answer names only H.264 where the offer has an H.264 that the server speaks, wherever it
// stands in the offer. The offers of browsers and of aiortc begin with VP8, and VP8 would
// cost the room an encode that nobody requested.
//
// All of UDP is one port, and ICE-TCP is passive on the same number. The server opens no TCP
// connection that a client names.
package rtc

import "errors"

var (
	// ErrBadSDP is returned for an offer that cannot be read or answered.
	ErrBadSDP = errors.New("bad SDP")
	// ErrNoCodec is returned for an offer without a codec in common. The
	// wrapping text says which is missing.
	ErrNoCodec = errors.New("no codec in common")
)
