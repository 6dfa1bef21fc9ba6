package vp8

// header is what a frame says of itself before its compressed data (RFC 6386
// §9.1).
type header struct {
	key           bool
	shown         bool
	width, height int // of a key frame, in pixels
}

// parse reads a frame's header. It returns false for what is no frame, or is too
// short for the first partition that it announces.
func parse(frame []byte) (h header, ok bool) {
	const tag, keyHeader = 3, 10
	if len(frame) < tag {
		return h, false
	}
	bits := int(frame[0]) | int(frame[1])<<8 | int(frame[2])<<16
	h.key, h.shown = bits&1 == 0, bits>>4&1 == 1
	version, first := bits>>1&7, bits>>5
	begin := tag
	if h.key {
		if len(frame) < keyHeader || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a {
			return h, false
		}
		// The upper two bits of each say how to scale it up, which is not for us.
		h.width = int(frame[6]) | int(frame[7]&0x3f)<<8
		h.height = int(frame[8]) | int(frame[9]&0x3f)<<8
		begin = keyHeader
	}
	return h, version <= 3 && first > 0 && first <= len(frame)-begin
}

// IsKey reports whether decoding can begin with a frame (RFC 6386 §9.1: the first bit).
func IsKey(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }
