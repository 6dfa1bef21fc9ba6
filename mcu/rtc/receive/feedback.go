package receive

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// reportInterval is the time between two receiver reports.
const reportInterval = time.Second

// Feedback is what the receiver of one stream sends to its sender: receiver reports and
// NACKs. Arriving packets drive it. It belongs to the goroutine that reads the stream,
// but for SenderReport, which any goroutine may call.
type Feedback struct {
	send  func([]rtcp.Packet) error
	own   uint32 // our SSRC in reports
	media uint32 // the stream's
	nack  bool

	reception reception
	reported  time.Time

	missing  missing
	rtt      func() time.Duration // of ICE; 0: not yet known
	measured time.Time

	packets, bytes, lost, repaired atomic.Uint64
	jitter                         atomic.Int64 // ns
}

// Stats is what arrived of a stream.
type Stats struct {
	Packets, Bytes uint64        // that arrived, retransmissions too
	Missing        uint64        // packets that did not arrive when they were first sent
	Repaired       uint64        // packets that arrived after they were asked for again
	Jitter         time.Duration // between arrivals (RFC 3550 §6.4.1)
}

// Stats returns what arrived. Missing and Jitter are those of the last report. It is safe for
// concurrent use.
func (f *Feedback) Stats() Stats {
	return Stats{
		Packets: f.packets.Load(), Bytes: f.bytes.Load(), Missing: f.lost.Load(), Repaired: f.repaired.Load(),
		Jitter: time.Duration(f.jitter.Load()),
	}
}

// Config describes the stream of a Feedback.
type Config struct {
	// Send sends RTCP to the sender. Its error is ignored: the next report replaces a
	// lost one.
	Send func([]rtcp.Packet) error
	// SSRC is the stream's.
	SSRC uint32
	// ClockRate is that of the stream's timestamps, in Hz.
	ClockRate uint32
	// NACK says that the sender retransmits what it is asked for.
	NACK bool
	// RTT returns a round trip that was measured by other means, or 0; it may be nil.
	RTT func() time.Duration
}

// NewFeedback returns the feedback of a stream of which nothing has arrived.
func NewFeedback(cfg Config) *Feedback {
	return &Feedback{
		send: cfg.Send, own: rand.Uint32(), media: cfg.SSRC, nack: cfg.NACK, rtt: cfg.RTT,
		reception: reception{rate: float64(cfg.ClockRate)},
	}
}

// Packet counts a packet that arrived now and sends what is due. rtx says that it was
// retransmitted in a separate stream (RFC 4588): reports do not count it. Packet
// returns whether a NACK had asked for the packet.
func (f *Feedback) Packet(p *rtp.Packet, rtx bool, now time.Time) (retransmitted bool) {
	f.packets.Add(1)
	f.bytes.Add(uint64(len(p.Payload)))
	if !rtx {
		f.reception.packet(p.SequenceNumber, p.Timestamp, now)
	}
	if f.nack {
		retransmitted = f.missing.packet(p.SequenceNumber, rtx, now)
	}
	if retransmitted {
		f.repaired.Add(1)
	}
	f.Due(now)
	return retransmitted
}

// Due sends the report and the NACK that are due now. It allocates only when it sends.
func (f *Feedback) Due(now time.Time) {
	if now.Sub(f.reported) >= reportInterval {
		f.reported = now
		report := f.reception.report(f.media, now)
		f.lost.Add(f.reception.lostNow)
		f.jitter.Store(int64(f.reception.jitter / f.reception.rate * float64(time.Second)))
		_ = f.send([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: f.own, Reports: []rtcp.ReceptionReport{report}}})
	}
	f.measure(now)
	if nacks := f.missing.due(now); nacks != nil {
		_ = f.send([]rtcp.Packet{&rtcp.TransportLayerNack{SenderSSRC: f.own, MediaSSRC: f.media, Nacks: nacks}})
	}
}

// NextDue returns when Due has to be called although no packet arrived. It returns the
// zero time while nothing is missing.
func (f *Feedback) NextDue(now time.Time) time.Time {
	if f.missing.count == 0 {
		return time.Time{}
	}
	return now.Add(lookInterval)
}

// Patience returns how long a missing packet is worth waiting for. By then it was
// requested several times.
func (f *Feedback) Patience() time.Duration { return f.missing.patience() }

// SenderReport takes the times of a sender report that arrived now (RFC 3550 §6.4.1).
// It is safe for concurrent use.
func (f *Feedback) SenderReport(ntp uint64, timestamp uint32, now time.Time) {
	f.reception.lastSenderReport.Store(&SenderReport{ntp, timestamp, now})
}

// LastSenderReport returns the sender report that arrived last, or nil.
func (f *Feedback) LastSenderReport() *SenderReport { return f.reception.lastSenderReport.Load() }

// measure takes the round trip that ICE measured, while something is missing.
func (f *Feedback) measure(now time.Time) {
	if f.missing.count == 0 || f.rtt == nil || now.Sub(f.measured) < reportInterval {
		return
	}
	f.measured = now
	if d := f.rtt(); d > 0 && (f.missing.rtt.mean == 0 || d > f.missing.rtt.mean) {
		f.missing.rtt.observe(d)
	}
}
