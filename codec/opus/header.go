package opus

// Samples returns the length of an Opus packet in samples at 48 kHz, at most 5760 (RFC 6716 §3.1,
// §3.2), or 0 where packet is no Opus packet.
func Samples(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	n := frameCount(packet) * frameSamples(packet[0])
	if n > maxSamples {
		return 0
	}
	return n
}

func frameCount(packet []byte) int {
	switch packet[0] & 3 {
	case 0:
		return 1
	case 1, 2:
		return 2
	}
	if len(packet) < 2 {
		return 0
	}
	return int(packet[1] & 63)
}

func frameSamples(toc byte) int {
	config := toc >> 3
	switch {
	case config >= 16: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	case config >= 12: // hybrid: 10, 20 ms
		return 480 << (config & 1)
	case config&3 == 3: // SILK: 10, 20, 40, 60 ms
		return 2880
	}
	return 480 << (config & 3)
}

// HasFEC reports whether an Opus packet carries a second copy of the sound before it
// (LBRR): the bits after the voice activity flags of its first SILK frame (RFC 6716
// §4.2.3).
func HasFEC(packet []byte) bool {
	if len(packet) == 0 || packet[0]>>3 >= 16 {
		return false // CELT alone
	}
	first := firstFrame(packet)
	if len(first) == 0 {
		return false
	}
	frames := max(frameSamples(packet[0])/960, 1)
	return first[0]>>(7-frames)&1 == 1
}

// firstFrame returns the packet from its first frame on.
func firstFrame(packet []byte) []byte {
	skip := 1
	switch packet[0] & 3 {
	case 2:
		skip += sizeBytes(packet[1:])
	case 3:
		if len(packet) < 2 {
			return nil
		}
		// Only padding and variable sizes move the first frame; they are rare
		// enough in speech to be taken for packets without.
		if packet[1]&0xc0 != 0 {
			return nil
		}
		skip++
	}
	return packet[min(skip, len(packet)):]
}

// sizeBytes is how long a frame's length is written (RFC 6716 §3.2.1).
func sizeBytes(b []byte) int {
	if len(b) > 0 && b[0] >= 252 {
		return 2
	}
	return 1
}
