package rtc

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtptime"
)

// hear takes what the receiver says of the stream, and calls keyFrame when he asks
// for one of it.
func (d *Downlink) hear(b []byte, keyFrame func()) {
	now := d.line.now()
	eachReport(b, func(kind, format uint8, body []byte) {
		switch {
		case kind == rtcpSR || kind == rtcpRR:
			if out := d.out.Load(); out != nil {
				if r, ok := reportOn(out.ssrc, kind, format, body); ok {
					d.reception(r, now)
				}
			}
		case kind == rtcpTransport && format == formatNACK:
			d.lostPackets(body)
		case kind == rtcpTransport && format == formatTWCC:
			d.line.arrivals(body, now)
		case kind == rtcpPayload && (format == formatPLI || format == formatFIR) && d.kind == webrtc.RTPCodecTypeVideo:
			if out := d.out.Load(); out != nil && out.lacksKey(format, body) {
				keyFrame()
			} else {
				d.line.counts.strange.Add(1)
			}
		case kind == rtcpPayload && format == formatREMB:
			if bps, ok := limitOf(body); ok {
				d.line.limited(bps)
			}
		}
	})
}

// lacksKey tells whether a PLI or FIR is about the stream, or its repeats.
func (o *outlet) lacksKey(format uint8, body []byte) bool {
	return asksKey(o.ssrc, format, body) || o.repeatSSRC != 0 && asksKey(o.repeatSSRC, format, body)
}

// reception takes a reception report.
func (d *Downlink) reception(r receptionReport, now time.Duration) {
	before := math.Float64frombits(d.lost.Load())
	d.lost.Store(math.Float64bits(before + (r.lost-before)/2))
	if d.kind == webrtc.RTPCodecTypeVideo {
		d.line.reported(r.lost, now)
	}
	if rtt, ok := d.reports.roundTrip(r, time.Now()); ok {
		d.line.rtt.Store(int64(rtt))
	}
}

// Estimate returns how many bits a second the line bears for all that the
// participant receives, sound included, or 0 while it has shown no limit. It falls
// at once, and rises slowly while much is sent or by probes, see Probe.
func (d *Downlink) Estimate() int { return d.line.estimate() }

// Loss returns the fraction of packets that was lost on the way of late, 0 to 1.
func (d *Downlink) Loss() float64 {
	if d.line.numbers.Load() {
		return math.Float64frombits(d.line.lost.Load())
	}
	return math.Float64frombits(d.lost.Load())
}

// RTT returns the round trip to the participant that was last reported, or 0.
func (d *Downlink) RTT() time.Duration { return time.Duration(d.line.rtt.Load()) }

// senderReports knows when the last sender reports left, to find round trips (RFC
// 3550 §6.4.1). The time in a report is that of the media, not of its sending.
type senderReports struct {
	told [4]atomic.Uint64 // the middle of the NTP time told and of that of sending
	n    int              // owned by who sends
}

func (s *senderReports) add(told, now time.Time) {
	s.told[s.n%len(s.told)].Store(rtptime.NTP(told)>>16<<32 | rtptime.NTP(now)>>16&math.MaxUint32)
	s.n++
}

// roundTrip is the time since the sender report that r answers, less what the
// receiver waited. Absurd ones are not believed.
func (s *senderReports) roundTrip(r receptionReport, now time.Time) (time.Duration, bool) {
	if r.lastSR == 0 {
		return 0, false
	}
	for i := range s.told {
		told := s.told[i].Load()
		if uint32(told>>32) != r.lastSR {
			continue
		}
		took := int32(uint32(rtptime.NTP(now)>>16) - uint32(told) - r.delay)
		rtt := time.Duration(took) * time.Second / 65536
		return rtt, rtt >= 0 && rtt < 10*time.Second
	}
	return 0, false
}

// report sends a sender report (RFC 3550 §6.4.1).
func (d *Downlink) report(at time.Time) {
	d.reports.add(at, time.Now())
	_ = d.line.send([]rtcp.Packet{&rtcp.SenderReport{
		SSRC:        d.header.SSRC,
		NTPTime:     rtptime.NTP(at),
		RTPTime:     d.header.Timestamp,
		PacketCount: uint32(d.packets.Load()),
		OctetCount:  uint32(d.bytes.Load()),
	}})
}

// hearArrivals takes the reports of arrival times alone.
func (d *Downlink) hearArrivals(b []byte) {
	eachReport(b, func(kind, format uint8, body []byte) {
		if kind == rtcpTransport && format == formatTWCC {
			d.line.arrivals(body, d.line.now())
		}
	})
}
