package payload

// VP8Splitter cuts VP8 frames into RTP payloads (RFC 7741). Its memory is reused;
// the zero value is ready.
//
// The descriptor is the mandatory byte alone. A receiver that finds a PictureID judges by it
// whether frames are consecutive, but one viewer gets frames of replays and of several
// renditions. The sequence numbers, which the downlink makes one row, say as much.
type VP8Splitter struct {
	buf      []byte // descriptors and what follows them
	payloads [][]byte
}

// Split returns the payloads of a frame. They are valid until the next call.
func (p *VP8Splitter) Split(au []byte) [][]byte {
	const (
		start = 0x10 // S, of partition 0 (RFC 7741 §4.2)
		most  = mtu - 1
	)
	p.payloads = p.payloads[:0]
	p.buf = p.buf[:0]
	n := (len(au) + most - 1) / most
	// Room for all at once: they must not move.
	if need := len(au) + n; cap(p.buf) < need {
		p.buf = make([]byte, 0, 2*need)
	}
	descriptor := byte(start)
	for ; n > 0; n-- {
		// Fragments of equal length leave no dwarf at the end.
		size := (len(au) + n - 1) / n
		at := len(p.buf)
		p.buf = append(append(p.buf, descriptor), au[:size]...)
		p.payloads = append(p.payloads, p.buf[at:])
		au = au[size:]
		descriptor = 0
	}
	return p.payloads
}
