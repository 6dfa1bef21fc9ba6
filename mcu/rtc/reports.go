package rtc

import (
	"encoding/binary"
	"time"
)

// RTCP packet types and feedback formats (RFC 3550 §12.1, RFC 4585 §6.1, RFC 5104
// §4.3, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1,
// draft-alvestrand-rmcat-remb-03 §2.2).
const (
	rtcpSR, rtcpRR                   = 200, 201
	rtcpTransport, rtcpPayload       = 205, 206
	formatNACK, formatTWCC           = 1, 15
	formatPLI, formatFIR, formatREMB = 1, 4, 15
)

// eachReport calls f with the type, the count or format, and what follows the
// header of each packet of a compound, as far as it can be read. Parsing here
// allocates nothing; clients report twenty times a second.
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

// asksKey tells whether a PLI or FIR is about a stream. A FIR names it in its entries
// of eight bytes (RFC 4585 §6.1, RFC 5104 §4.3.1).
func asksKey(ssrc uint32, format uint8, body []byte) bool {
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

// reportOn finds what a reception or sender report says of a stream.
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

// maxReported is how many packets one transport-wide report may tell of.
const maxReported = 1024

// transportReport is a report of arrival times.
type transportReport struct {
	base           uint16
	count          int
	reference      uint32 // 24 bits, in 64 ms
	chunks, deltas []byte
}

// parseTransport reads a report. It fails when the report does not hold what it
// says it does.
func parseTransport(body []byte) (r transportReport, ok bool) {
	if len(body) < 16 {
		return r, false
	}
	r.base, r.count = binary.BigEndian.Uint16(body[8:]), int(binary.BigEndian.Uint16(body[10:]))
	r.reference = binary.BigEndian.Uint32(body[12:]) >> 8
	if r.count > maxReported {
		return r, false
	}
	r.chunks = body[16:]
	n := 0
	for told := 0; told < r.count; n += 2 {
		if len(r.chunks) < n+2 {
			return r, false
		}
		told += symbols(binary.BigEndian.Uint16(r.chunks[n:]))
	}
	r.chunks, r.deltas = r.chunks[:n], r.chunks[n:]
	return r, true
}

// symbols is how many packets a chunk tells of: a run of its length, a vector of
// 14 or 7.
func symbols(chunk uint16) int {
	switch chunk >> 14 {
	case 2:
		return 14
	case 3:
		return 7
	}
	return int(chunk & 0x1fff)
}

// symbol is what a chunk says of its packet i: 0 did not arrive, 1 and 2 did, with
// a difference of one or two bytes.
func symbol(chunk uint16, i int) uint8 {
	switch chunk >> 14 {
	case 2:
		return uint8(chunk >> (13 - i) & 1)
	case 3:
		return uint8(chunk >> (12 - 2*i) & 3)
	}
	return uint8(chunk >> 13 & 3)
}

// each calls f for each packet, with when it came, counted from the reference
// time. It stops where times are missing.
func (r *transportReport) each(f func(number uint16, came bool, at time.Duration)) {
	number, left := r.base, r.count
	var at time.Duration
	for chunks, deltas := r.chunks, r.deltas; left > 0 && len(chunks) >= 2; chunks = chunks[2:] {
		chunk := binary.BigEndian.Uint16(chunks)
		n := min(symbols(chunk), left)
		left -= n
		for i := range n {
			came := true
			var delta int
			switch s := symbol(chunk, i); {
			case s == 1 && len(deltas) >= 1:
				delta, deltas = int(deltas[0]), deltas[1:]
			case s == 2 && len(deltas) >= 2:
				delta, deltas = int(int16(binary.BigEndian.Uint16(deltas))), deltas[2:]
			case s == 1 || s == 2:
				return
			default:
				came = false
			}
			at += time.Duration(delta) * 250 * time.Microsecond
			f(number, came, at)
			number++
		}
	}
}

// eachLost calls f with the sequence numbers of a NACK (RFC 4585 §6.2.1), but with
// no more than most. It tells whether the list was longer or could not be read.
func eachLost(body []byte, most int, f func(seq uint16)) (absurd bool) {
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
