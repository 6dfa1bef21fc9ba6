package receive

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// reception counts what arrives of a stream and makes reception reports of it (RFC 3550
// §6.4.1 and appendix A). It belongs to the goroutine that reads the stream, but for
// lastSenderReport.
type reception struct {
	rate    float64 // of the stream's clock, in Hz
	started bool
	first   uint32 // extended sequence number, as all here
	highest uint32
	count   uint32 // packets received
	suspect uint16 // the number after one that is far from the others; 0: none

	expectedBefore, countBefore uint32 // at the last report
	lostNow                     uint64 // between the last two reports

	transit float64 // arrival less timestamp, in clock ticks
	jitter  float64
	epoch   time.Time

	lastSenderReport atomic.Pointer[SenderReport]
}

// SenderReport is the time in a sender report (RFC 3550 §6.4.1). It is immutable.
type SenderReport struct {
	NTP       uint64 // the sender's clock, 32.32 fixed point seconds since 1900
	Timestamp uint32 // of the stream at that time
	Arrived   time.Time
}

// packet counts a packet.
func (r *reception) packet(seq uint16, timestamp uint32, now time.Time) {
	if !r.started {
		r.started, r.epoch = true, now
		r.first, r.highest = uint32(seq), uint32(seq)
		r.transit = -float64(timestamp)
	}
	if !r.follows(seq) {
		return
	}
	r.count++
	transit := now.Sub(r.epoch).Seconds()*r.rate - float64(timestamp)
	// A timestamp that wrapped, or a stream that began anew, is not jitter.
	if d := math.Abs(transit - r.transit); d < r.rate {
		r.jitter += (d - r.jitter) / 16
	}
	r.transit = transit
}

const (
	// maxDropout and maxMisorder are how far a sequence number may be ahead of the highest
	// and behind it, and still be of the same run (RFC 3550 §A.1). Retransmissions are
	// later than packets that were overtaken.
	maxDropout, maxMisorder = 3000, 1000
)

// follows moves to a sequence number. It returns false for one that is far from all
// others. After two of those in a row the stream has begun anew.
func (r *reception) follows(seq uint16) bool {
	switch step := int16(seq - uint16(r.highest)); {
	case step > 0 && step < maxDropout:
		r.highest += uint32(step)
	case step <= 0 && step > -maxMisorder:
	case seq != r.suspect:
		r.suspect = max(seq+1, 1)
		return false
	default:
		r.first, r.highest, r.count = uint32(seq), uint32(seq), 0
		r.expectedBefore, r.countBefore = 0, 0
	}
	r.suspect = 0
	return true
}

// report returns what was received since the last report.
func (r *reception) report(ssrc uint32, now time.Time) rtcp.ReceptionReport {
	r.lostNow = 0
	if !r.started { // the first packets were retransmissions
		return rtcp.ReceptionReport{SSRC: ssrc}
	}
	expected := r.highest - r.first + 1
	lost := int64(expected) - int64(r.count)
	interval := expected - r.expectedBefore
	lostNow := int64(interval) - int64(r.count-r.countBefore)
	r.expectedBefore, r.countBefore = expected, r.count
	report := rtcp.ReceptionReport{
		SSRC:               ssrc,
		LastSequenceNumber: r.highest,
		TotalLost:          uint32(min(max(lost, 0), 0x7fffff)),
		Jitter:             uint32(r.jitter),
	}
	if interval > 0 && lostNow > 0 {
		r.lostNow = uint64(lostNow)
		report.FractionLost = uint8(min(lostNow*256/int64(interval), 255))
	}
	if sr := r.lastSenderReport.Load(); sr != nil {
		report.LastSenderReport = uint32(sr.NTP >> 16)
		report.Delay = uint32(now.Sub(sr.Arrived).Seconds() * 65536)
	}
	return report
}
