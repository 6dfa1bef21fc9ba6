package reports

import (
	"encoding/binary"
	"time"
)

// maxReported is how many packets one transport-wide report may cover.
const maxReported = 1024

// ArrivalTimes is a report of arrival times, which covers the packets from one number on
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
type ArrivalTimes struct {
	Reference uint32 // 24 bits, in 64 ms of the receiver's clock

	base           uint16
	count          int
	chunks, deltas []byte
}

// IsArrivals returns whether the report is one of arrival times.
func (r RTCP) IsArrivals() bool { return r.kind == typeTransport && r.format == formatTWCC }

// Arrivals reads a report of arrival times. It fails when the report is shorter than it
// says.
func (r RTCP) Arrivals() (a ArrivalTimes, ok bool) {
	body := r.body
	if len(body) < 16 {
		return a, false
	}
	a.base, a.count = binary.BigEndian.Uint16(body[8:]), int(binary.BigEndian.Uint16(body[10:]))
	a.Reference = binary.BigEndian.Uint32(body[12:]) >> 8
	if a.count > maxReported {
		return a, false
	}
	a.chunks = body[16:]
	n := 0
	for covered := 0; covered < a.count; n += 2 {
		if len(a.chunks) < n+2 {
			return a, false
		}
		covered += symbols(binary.BigEndian.Uint16(a.chunks[n:]))
	}
	a.chunks, a.deltas = a.chunks[:n], a.chunks[n:]
	return a, true
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

// Each calls f for each packet, with its arrival time counted from the reference time. It
// stops where times are missing.
func (a ArrivalTimes) Each(f func(number uint16, came bool, at time.Duration)) {
	number, left := a.base, a.count
	var at time.Duration
	for chunks, deltas := a.chunks, a.deltas; left > 0 && len(chunks) >= 2; chunks = chunks[2:] {
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
