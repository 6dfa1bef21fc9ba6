package send

import (
	"encoding/binary"
	"time"
)

// maxReported is how many packets one transport-wide report may cover.
const maxReported = 1024

// transportReport is a report of arrival times.
type transportReport struct {
	base           uint16
	count          int
	reference      uint32 // 24 bits, in 64 ms
	chunks, deltas []byte
}

// parseTransport reads a report. It fails when the report is shorter than it says.
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
	for covered := 0; covered < r.count; n += 2 {
		if len(r.chunks) < n+2 {
			return r, false
		}
		covered += symbols(binary.BigEndian.Uint16(r.chunks[n:]))
	}
	r.chunks, r.deltas = r.chunks[:n], r.chunks[n:]
	return r, true
}

// symbols is how many packets a chunk covers: a run of its length, a vector of 14 or 7.
func symbols(chunk uint16) int {
	switch chunk >> 14 {
	case 2:
		return 14
	case 3:
		return 7
	}
	return int(chunk & 0x1fff)
}

// symbol is the state of packet i of a chunk: 0 did not arrive, 1 and 2 did, with a
// difference of one or two bytes.
func symbol(chunk uint16, i int) uint8 {
	switch chunk >> 14 {
	case 2:
		return uint8(chunk >> (13 - i) & 1)
	case 3:
		return uint8(chunk >> (12 - 2*i) & 3)
	}
	return uint8(chunk >> 13 & 3)
}

// each calls f for each packet, with its arrival time counted from the reference time. It
// stops where times are missing.
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
