// Package reports reads the RTCP that the receiver of a stream sends to its sender.
//
//	compound ──▶ Each ──▶ RTCP ┬▶ Reception  loss, round trip
//	                           ├▶ Lost       NACK
//	                           ├▶ Arrivals   transport-wide arrival times
//	                           ├▶ RequestsKey  PLI, FIR
//	                           └▶ Limit      REMB
//
// Reading allocates nothing, because every client sends ten to twenty reports a second,
// and pion/rtcp allocates for each. What cannot be read is left out. All of it is pure.
package reports

import "encoding/binary"

// RTCP packet types and feedback formats (RFC 3550 §12.1, RFC 4585 §6.1, RFC 5104
// §4.3, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1,
// draft-alvestrand-rmcat-remb-03 §2.2).
const (
	typeSR, typeRR                   = 200, 201
	typeTransport, typePayload       = 205, 206
	formatNACK, formatTWCC           = 1, 15
	formatPLI, formatFIR, formatREMB = 1, 4, 15
)

// RTCP is one packet of a compound. It refers to the memory that it was read from.
type RTCP struct {
	kind, format uint8 // the packet's type, and its count or format
	body         []byte
}

// Each calls f with each packet of a compound, as far as it can be read.
func Each(b []byte, f func(RTCP)) {
	for len(b) >= 4 && b[0]>>6 == 2 {
		end := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if end > len(b) {
			return
		}
		f(RTCP{kind: b[1], format: b[0] & 31, body: b[4:end]})
		b = b[end:]
	}
}

// IsKeyRequest returns whether the report is a PLI or FIR (RFC 4585 §6.3.1, RFC 5104
// §4.3.1).
func (r RTCP) IsKeyRequest() bool {
	return r.kind == typePayload && (r.format == formatPLI || r.format == formatFIR)
}

// RequestsKey returns whether a PLI or FIR is about a stream. A FIR names streams in its
// entries of eight bytes.
func (r RTCP) RequestsKey(ssrc uint32) bool {
	at := 4
	if r.format == formatFIR {
		at = 8
	}
	for ; at+4 <= len(r.body); at += 8 {
		if binary.BigEndian.Uint32(r.body[at:]) == ssrc {
			return true
		}
		if r.format == formatPLI {
			break
		}
	}
	return false
}

// Reception is a block of a reception report (RFC 3550 §6.4.1).
type Reception struct {
	Lost   float64 // the fraction since the last report
	Jitter uint32  // between arrivals, in ticks of the stream's clock
	LastSR uint32  // the middle of the NTP time of the last sender report; 0: none
	Delay  uint32  // since that arrived, in 1/65536 s
}

// Reception returns the block about a stream of a reception or sender report.
func (r RTCP) Reception(ssrc uint32) (block Reception, ok bool) {
	skip := 4
	switch r.kind {
	case typeRR:
	case typeSR:
		skip = 24
	default:
		return block, false
	}
	if len(r.body) < skip {
		return block, false
	}
	count := r.format
	for body := r.body[skip:]; count > 0 && len(body) >= 24; body, count = body[24:], count-1 {
		if binary.BigEndian.Uint32(body) == ssrc {
			return Reception{
				Lost: float64(body[4]) / 256, Jitter: binary.BigEndian.Uint32(body[12:]),
				LastSR: binary.BigEndian.Uint32(body[16:]), Delay: binary.BigEndian.Uint32(body[20:]),
			}, true
		}
	}
	return block, false
}

// Limit returns the bits a second of a REMB.
func (r RTCP) Limit() (bps float64, ok bool) {
	if r.kind != typePayload || r.format != formatREMB || len(r.body) < 16 || string(r.body[8:12]) != "REMB" {
		return 0, false
	}
	mantissa := uint64(r.body[13]&3)<<16 | uint64(r.body[14])<<8 | uint64(r.body[15])
	return float64(mantissa) * float64(uint64(1)<<(r.body[13]>>2)), true
}

// NACK returns the stream that a NACK is about.
func (r RTCP) NACK() (ssrc uint32, ok bool) {
	if r.kind != typeTransport || r.format != formatNACK || len(r.body) < 8 {
		return 0, false
	}
	return binary.BigEndian.Uint32(r.body[4:]), true
}

// Lost calls f with the sequence numbers of a NACK (RFC 4585 §6.2.1), but with no more
// than most. It returns whether the list was longer, or could not be read.
func (r RTCP) Lost(most int, f func(seq uint16)) (longer bool) {
	if len(r.body) < 8 {
		return true
	}
	for body := r.body[8:]; len(body) >= 4; body = body[4:] {
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
