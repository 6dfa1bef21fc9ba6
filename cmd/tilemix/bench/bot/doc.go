// Package bot is a crowd of WebRTC clients in one process that cost next to
// nothing, so that who measures a server does not measure them.
//
//	           one goroutine            one UDP socket              one goroutine
//	Clip, ──▶ Crowd.send: a heap of ──▶ wire: one address of  ──▶ Crowd.receive: ──▶ Stats
//	Voice      what is due when          127/8 for each bot        headers counted
//
// On the wire they are WebRTC as a browser is: ICE (RFC 8445), DTLS-SRTP (RFC
// 5764), sender and receiver reports, transport-wide sequence numbers, audio
// levels, a data channel. Three things make them cheap. Media is encoded and
// packetized once for all of them. All are on one socket, told apart by the
// loopback address that each has for itself. And since SRTP leaves headers in the clear, what comes in is
// counted without being decrypted, but for one packet in checkEvery, until the
// first key frame, and where somebody wants to see or hear it.
//
// A Crowd has two goroutines, which Run waits for. A Bot has those of its DTLS
// connection and one that reads its control channel if it has one. Leave waits for
// them.
package bot
