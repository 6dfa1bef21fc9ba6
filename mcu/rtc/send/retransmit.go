package send

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"

	"tilemix/mcu/rtc/reports"
)

const (
	// maxLost is how many packets of one NACK are looked at.
	maxLost = 256
	// Retransmissions may take rtxShare of the estimate and rtxFloor bits a second,
	// and rtxFree bits a second where there is no estimate. Where packets are lost while
	// queues hold less than rtxQueue, loss is no sign of congestion: then the lost fraction
	// may be retransmitted too, up to maxRTXShare of the estimate.
	rtxShare, rtxFloor, rtxFree = 0.2, 16_000, 1_000_000
	maxRTXShare, rtxQueue       = 0.5, 80 * time.Millisecond
	// rtxSound is what retransmissions of sound may take, in bits a second.
	rtxSound = 24_000
	// rtxInterval is the least time between two retransmissions of a packet. Where the
	// round trip is known and longer it is three quarters of that, because the measured
	// round trip contains the receiver's own delay.
	rtxInterval = 20 * time.Millisecond
	// rtxTries is how often one packet is retransmitted at most.
	rtxTries = 6
)

// retransmitter sends packets again that a NACK requests (RFC 4585 §6.2.1), in a
// separate stream where that was negotiated (RFC 4588). It belongs to the owner of the sender.
type retransmitter struct {
	history history
	tries   [maxLost]attempt // by sequence number
	header  rtp.Header
	buf     [1500]byte
	room    float64 // bytes that may be retransmitted
	filled  time.Duration
}

// attempt is when a packet was last retransmitted.
type attempt struct {
	seq   uint16
	tries uint8
	at    time.Duration
}

// handleNACK answers a NACK about a binding. It waits until no other goroutine sends.
func (r *retransmitter) handleNACK(s *sender, to *Binding, nack reports.RTCP, now time.Duration) {
	s.acquire()
	defer s.release(now)
	r.fill(s, now)
	if nack.Lost(maxLost, func(seq uint16) { r.request(s, to, seq, now) }) {
		s.path.counters.InvalidReports.Add(1)
	}
}

// request retransmits a packet, unless it just was or too much was.
func (r *retransmitter) request(s *sender, to *Binding, seq uint16, now time.Duration) {
	u, i := r.history.find(seq)
	last := &r.tries[seq%maxLost]
	if last.seq != seq {
		*last = attempt{seq: seq}
	}
	wait := max(time.Duration(s.path.rtt.Load())*3/4, rtxInterval)
	if u == nil || int16(seq-s.header.SequenceNumber) > 0 || s.header.SSRC != to.SSRC || r.room <= 0 ||
		last.tries == rtxTries || last.tries > 0 && now-last.at < wait {
		s.path.counters.NotRetransmitted.Add(1)
		return
	}
	last.tries, last.at = last.tries+1, now
	r.room -= float64(len(u.buffer.Payloads()[i]) + overhead)
	s.path.counters.Retransmitted.Add(1)
	r.send(s, to, u, i, now, false)
}

// fill lets more retransmissions leave as time passes, those of half a second at most.
func (r *retransmitter) fill(s *sender, now time.Duration) {
	share, estimate := rtxShare, float64(s.path.estimate())
	if time.Duration(s.path.queue.Load()) < rtxQueue {
		share = min(share+s.loss(), maxRTXShare)
	}
	rate := rtxFloor + share*estimate
	if estimate == 0 {
		rate = rtxFree
	}
	if s.kind == audio {
		rate = rtxSound
	}
	past := min(max(now-r.filled, 0), 500*time.Millisecond)
	if r.filled == 0 {
		past = 500 * time.Millisecond
	}
	r.room, r.filled = min(r.room+rate/8*past.Seconds(), max(rate/16, 2400)), max(now, r.filled)
}

// send sends payload i of a unit again.
func (r *retransmitter) send(s *sender, to *Binding, u *sentUnit, i int, now time.Duration, probe bool) {
	payloads := u.buffer.Payloads()
	h, payload, seq := &r.header, payloads[i], u.first+uint16(i)
	h.Timestamp = s.base + u.timestamp
	h.Marker = s.marks(i, payloads)
	if to.RTXSSRC == 0 {
		plain := *h
		plain.SSRC, plain.PayloadType, plain.SequenceNumber = to.SSRC, to.PayloadType, seq
		s.write(to, &plain, payload, now, probe)
		h.Extensions = plain.Extensions // its memory
		return
	}
	if len(payload)+2 > len(r.buf) {
		return
	}
	binary.BigEndian.PutUint16(r.buf[:], seq)
	n := copy(r.buf[2:], payload)
	h.SSRC, h.PayloadType = to.RTXSSRC, to.RTXPayloadType
	h.SequenceNumber++
	s.write(to, h, r.buf[:n+2], now, probe)
}
