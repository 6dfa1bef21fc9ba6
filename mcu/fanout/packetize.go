package fanout

import (
	"bytes"

	"tilemix/codec"
)

// mtu is the longest RTP payload that is sent, in bytes. With RTP's header and
// extensions, SRTP's tag, UDP and IPv6 it stays under 1280, which every IPv6
// link carries (RFC 8200 §5).
const mtu = 1180

const fuA = 28 // RFC 6184 §5.8

// packetizer cuts access units into RTP payloads.
type packetizer interface {
	// split returns the payloads, which are valid until the next call and may
	// point into au.
	split(au []byte) [][]byte
}

// newPacketizer returns the packetizer of a codec, or nil where there is none.
func newPacketizer(kind codec.Kind) packetizer {
	switch kind {
	case codec.H264:
		return &h264Packetizer{}
	case codec.VP8:
		return &vp8Packetizer{}
	}
	return nil
}

// h264Packetizer cuts access units into RTP payloads of packetization mode 1 (RFC
// 6184 §6.3). Its memory is reused; the zero value is ready.
type h264Packetizer struct {
	buf      []byte // FU headers and what follows them
	payloads [][]byte
}

// split returns the payloads of an Annex B access unit. They are valid until
// the next call and may point into au.
func (p *h264Packetizer) split(au []byte) [][]byte {
	p.payloads = p.payloads[:0]
	p.buf = p.buf[:0]
	// Room for all fragments at once: they must not move while others point
	// into the buffer.
	if need := len(au) + 2*(len(au)/(mtu-2)+16); cap(p.buf) < need {
		p.buf = make([]byte, 0, 2*need)
	}
	for nal := range nalUnits(au) {
		p.add(nal)
	}
	return p.payloads
}

func (p *h264Packetizer) add(nal []byte) {
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

// nalUnits yields the NAL units of an Annex B stream (H.264 Annex B.1).
func nalUnits(au []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		startCode := []byte{0, 0, 1}
		at := bytes.Index(au, startCode)
		for at >= 0 {
			au = au[at+3:]
			at = bytes.Index(au, startCode)
			nal := au
			if at >= 0 {
				nal = au[:at]
			}
			// Zeros before a start code belong to it.
			nal = bytes.TrimRight(nal, "\x00")
			if len(nal) > 0 && !yield(nal) {
				return
			}
		}
	}
}
