package send

import "encoding/binary"

// RTCP packet types and feedback formats (RFC 3550 §12.1, RFC 4585 §6.1, RFC 5104
// §4.3, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1,
// draft-alvestrand-rmcat-remb-03 §2.2).
const (
	rtcpSR, rtcpRR                   = 200, 201
	rtcpTransport, rtcpPayload       = 205, 206
	formatNACK, formatTWCC           = 1, 15
	formatPLI, formatFIR, formatREMB = 1, 4, 15
)

// eachReport calls f with the type, the count or format, and the body after the header
// of each packet of a compound, as far as it can be read. It allocates nothing, because
// clients report twenty times a second (BenchmarkHandleRTCP compares it with pion/rtcp).
func eachReport(b []byte, f func(kind, format uint8, body []byte)) {
	for len(b) >= 4 && b[0]>>6 == 2 {
		end := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if end > len(b) {
			return
		}
		f(b[1], b[0]&31, b[4:end])
		b = b[end:]
	}
}

// requestsKey returns whether a PLI or FIR is about a stream. A FIR names it in its
// entries of eight bytes (RFC 4585 §6.1, RFC 5104 §4.3.1).
func requestsKey(ssrc uint32, format uint8, body []byte) bool {
	at := 4
	if format == formatFIR {
		at = 8
	}
	for ; at+4 <= len(body); at += 8 {
		if binary.BigEndian.Uint32(body[at:]) == ssrc {
			return true
		}
		if format == formatPLI {
			break
		}
	}
	return false
}

// receptionReport is a block of a reception report (RFC 3550 §6.4.1).
type receptionReport struct {
	lost          float64 // fraction since the last
	lastSR, delay uint32
}

// reportOn finds the block about a stream in a reception or sender report.
func reportOn(ssrc uint32, kind, count uint8, body []byte) (r receptionReport, ok bool) {
	skip := 4
	if kind == rtcpSR {
		skip = 24
	}
	if len(body) < skip {
		return r, false
	}
	for body = body[skip:]; count > 0 && len(body) >= 24; body, count = body[24:], count-1 {
		if binary.BigEndian.Uint32(body) == ssrc {
			return receptionReport{
				lost:   float64(body[4]) / 256,
				lastSR: binary.BigEndian.Uint32(body[16:]), delay: binary.BigEndian.Uint32(body[20:]),
			}, true
		}
	}
	return r, false
}

// limitOf reads a REMB, in bits a second.
func limitOf(body []byte) (bps float64, ok bool) {
	if len(body) < 16 || string(body[8:12]) != "REMB" {
		return 0, false
	}
	mantissa := uint64(body[13]&3)<<16 | uint64(body[14])<<8 | uint64(body[15])
	return float64(mantissa) * float64(uint64(1)<<(body[13]>>2)), true
}

// eachLost calls f with the sequence numbers of a NACK (RFC 4585 §6.2.1), but with no more
// than most. It returns whether the list was longer or could not be read.
func eachLost(body []byte, most int, f func(seq uint16)) (invalid bool) {
	if len(body) < 8 {
		return true
	}
	for body = body[8:]; len(body) >= 4; body = body[4:] {
		seq := binary.BigEndian.Uint16(body)
		for mask := uint32(binary.BigEndian.Uint16(body[2:]))<<1 | 1; mask != 0; mask >>= 1 {
			if mask&1 != 0 {
				if most--; most < 0 {
					return true
				}
				f(seq)
			}
			seq++
		}
	}
	return false
}
