package route

import (
	"encoding/binary"

	"tilemix/codec"
	"tilemix/codec/h264"
)

// NAL unit types of RTP payloads (H.264 table 7-1, RFC 6184 §5.2).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// keyFrame tells whether a payload is the first of a key frame, and how large its pictures are,
// in pixels, where the payload says so.
func keyFrame(kind codec.Kind, payload []byte) (begins bool, pixels size) {
	if kind == codec.VP8 {
		return keyVP8(payload)
	}
	if len(payload) == 0 {
		return false, size{}
	}
	switch payload[0] & 0x1f {
	case nalIDR:
		return true, size{}
	case nalSPS:
		return true, sizeOf(payload)
	case nalFUA:
		return len(payload) > 1 && payload[1]&0x80 != 0 && payload[1]&0x1f == nalIDR, size{}
	case nalSTAPA:
		for rest := payload[1:]; len(rest) > 2; {
			n := int(binary.BigEndian.Uint16(rest))
			if n == 0 || n+2 > len(rest) {
				break
			}
			nal := rest[2 : 2+n]
			switch nal[0] & 0x1f {
			case nalSPS:
				return true, sizeOf(nal)
			case nalIDR:
				begins = true
			}
			rest = rest[2+n:]
		}
	}
	return begins, size{}
}

func sizeOf(sps []byte) size {
	w, h, err := h264.Size(sps)
	if err != nil {
		return size{}
	}
	return size{X: w, Y: h}
}

// keyVP8 reads a payload descriptor (RFC 7741 §4.2) and the frame header behind it (§4.3).
func keyVP8(b []byte) (begins bool, pixels size) {
	if len(b) < 1 || b[0]&0x10 == 0 || b[0]&7 != 0 {
		return false, size{} // not the first of a frame
	}
	at := 1
	if b[0]&0x80 != 0 {
		if len(b) < 2 {
			return false, size{}
		}
		extra := b[1]
		at = 2
		if extra&0x80 != 0 {
			if len(b) <= at {
				return false, size{}
			}
			at += 1 + int(b[at]>>7)
		}
		if extra&0x40 != 0 {
			at++
		}
		if extra&0x30 != 0 {
			at++
		}
	}
	if len(b) < at+10 || b[at]&1 != 0 || b[at+3] != 0x9d {
		return false, size{}
	}
	w, h := binary.LittleEndian.Uint16(b[at+6:]), binary.LittleEndian.Uint16(b[at+8:])
	return true, size{X: int(w & 0x3fff), Y: int(h & 0x3fff)}
}
