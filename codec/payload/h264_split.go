package payload

import (
	"tilemix/codec/h264"
)

// H264Splitter cuts access units into RTP payloads of packetization mode 1 (RFC
// 6184 §6.3). Its memory is reused; the zero value is ready.
type H264Splitter struct {
	buf      []byte // FU headers and what follows them
	payloads [][]byte
}

// Split returns the payloads of an Annex B access unit. They are valid until
// the next call and may point into au.
func (p *H264Splitter) Split(au []byte) [][]byte {
	p.payloads = p.payloads[:0]
	p.buf = p.buf[:0]
	// Room for all fragments at once: they must not move while others point
	// into the buffer.
	if need := len(au) + 2*(len(au)/(mtu-2)+16); cap(p.buf) < need {
		p.buf = make([]byte, 0, 2*need)
	}
	for nal := range h264.NALs(au) {
		p.add(nal)
	}
	return p.payloads
}

func (p *H264Splitter) add(nal []byte) {
	if len(nal) <= mtu {
		p.payloads = append(p.payloads, nal)
		return
	}
	const start, end = 0x80, 0x40
	indicator, header := nal[0]&0xe0|fuA, nal[0]&0x1f|start
	// Fragments of equal length leave no dwarf at the end.
	rest := nal[1:]
	n := (len(rest) + mtu - 3) / (mtu - 2)
	for ; n > 0; n-- {
		size := (len(rest) + n - 1) / n
		if n == 1 {
			header |= end
		}
		at := len(p.buf)
		p.buf = append(append(p.buf, indicator, header), rest[:size]...)
		p.payloads = append(p.payloads, p.buf[at:])
		rest = rest[size:]
		header &^= start
	}
}
