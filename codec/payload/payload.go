// Package payload is the RTP payload formats of the pictures: H.264 (RFC 6184, packetization mode
// 1) and VP8 (RFC 7741), both ways.
//
//	access unit ──▶ Splitter ──▶ payloads ──▶ the network ──▶ payloads ──▶ Joiner ──▶ access unit
//
// A Splitter or Joiner belongs to one goroutine, reuses its memory and allocates nothing in steady
// state. Neither knows sequence numbers or timestamps: the caller puts payloads in order and says
// where an access unit ends.
//
// pion's formats are not used here. Its packetizers make fragments of unequal length, which
// UDP_SEGMENT cannot send in one call, and allocate each; its depacketizers do not say what no
// other picture needs.
package payload

// mtu is the longest payload that a Splitter makes, in bytes. With RTP's header and
// extensions, SRTP's tag, UDP and IPv6 it stays under 1280, which every IPv6
// link carries (RFC 8200 §5).
const mtu = 1180

// Splitter cuts access units into RTP payloads.
type Splitter interface {
	// Split returns the payloads of an access unit, at most 1180 bytes each. They are valid until
	// the next call and may point into au.
	Split(au []byte) [][]byte
}

// Joiner joins the payloads of one access unit, which come in order and without gaps.
type Joiner interface {
	// Starts reports whether a payload can be the first of an access unit.
	Starts(payload []byte) bool
	// Reset begins an access unit.
	Reset()
	// Add takes the next payload, which is copied. It returns false for a payload that makes the
	// access unit useless.
	Add(payload []byte) bool
	// Whole reports whether the access unit can end here.
	Whole() bool
	// Unit returns what was joined. It is valid until Reset.
	Unit() []byte
	// Spare reports whether no other access unit needs this one.
	Spare() bool
	// Continues reports whether a payload of the same instant belongs to what was joined last.
	Continues(payload []byte) bool
}
