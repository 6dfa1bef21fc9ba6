package demux

import "encoding/binary"

// Kind is what a connection of TCP carries.
type Kind uint8

// Kinds of connections. Short says that more bytes decide.
const (
	Unknown Kind = iota
	Short
	TLS   // of HTTPS or of TURN
	HTTP  // without TLS
	Media // ICE, DTLS and SRTP in frames (RFC 4571, RFC 6544 §10.1)
	TURN  // STUN and TURN without frames (RFC 8656 §3.1)
)

// Enough is how many bytes always decide.
const Enough = 10

const (
	handshakeRecord = 0x16       // begins TLS (RFC 8446 §5.1)
	cookie          = 0x2112a442 // of STUN (RFC 8489 §5)
	header          = 20         // of STUN, in bytes
	username        = 0x0006     // attribute of STUN (RFC 8489 §14)
)

// Methods of STUN and TURN (RFC 8489 §18.2, RFC 8656 §17).
const (
	binding     = 1
	allocate    = 3
	channelBind = 9
)

// First returns what begins with b. A client's first message of STUN is a request, so its type is
// below 0x0100. A frame that has one is shorter than 512 bytes.
func First(b []byte) Kind {
	switch {
	case len(b) == 0:
		return Short
	case b[0] == handshakeRecord:
		return TLS
	case 'A' <= b[0] && b[0] <= 'Z':
		return HTTP
	case b[0] > 1:
		return Unknown
	case len(b) < 8:
		return Short
	case b[0] == 0 && binary.BigEndian.Uint32(b[4:]) == cookie:
		return TURN
	case len(b) < Enough:
		return Short
	case binary.BigEndian.Uint32(b[6:]) == cookie:
		return Media
	}
	return Unknown
}

// ForTURN returns whether a datagram is for a TURN server, on a port that receives ICE, DTLS and
// SRTP too (RFC 7983): ChannelData, a method of TURN, or a Binding request without a username,
// which ICE always has (RFC 8445 §7.1.1).
func ForTURN(b []byte) bool {
	switch {
	case len(b) < 4:
		return false
	case b[0]>>4 == 4:
		return true
	case b[0] > 3 || len(b) < header || binary.BigEndian.Uint32(b[4:]) != cookie:
		return false
	}
	kind := binary.BigEndian.Uint16(b) // class and method (RFC 8489 §5)
	method := kind&0xf | kind>>1&0x70 | kind>>2&0xf80
	if method == binding {
		return kind == binding && !named(b[header:])
	}
	return allocate <= method && method <= channelBind
}

// named returns whether attributes of STUN have a username.
func named(b []byte) bool {
	for len(b) >= 4 {
		if binary.BigEndian.Uint16(b) == username {
			return true
		}
		size := 4 + (int(binary.BigEndian.Uint16(b[2:]))+3)&^3
		b = b[min(size, len(b)):]
	}
	return false
}
