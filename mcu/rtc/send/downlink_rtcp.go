package send

import (
	"math"
	"time"
)

// HandleRTCP takes the RTCP that the receiver sent about the stream, and calls keyFrame
// when it requests a key frame. It is for one goroutine.
func (d *Downlink) HandleRTCP(b []byte, now time.Time, keyFrame func()) {
	at := d.path.since(now)
	eachReport(b, func(kind, format uint8, body []byte) {
		to := d.binding.Load()
		switch {
		case kind == rtcpSR || kind == rtcpRR:
			if to != nil {
				if r, ok := reportOn(to.SSRC, kind, format, body); ok {
					d.handleReception(r, at)
				}
			}
		case kind == rtcpTransport && format == formatNACK:
			d.rtx.handleNACK(&d.sender, body, at)
		case kind == rtcpTransport && format == formatTWCC:
			d.path.handleTWCC(body, at)
		case kind == rtcpPayload && (format == formatPLI || format == formatFIR) && d.kind == Video:
			if to != nil && to.requestsKey(format, body) {
				keyFrame()
			} else {
				d.path.counters.UnknownStreamKeyRequests.Add(1)
			}
		case kind == rtcpPayload && format == formatREMB:
			if bps, ok := limitOf(body); ok {
				d.path.handleREMB(bps)
			}
		}
	})
}

// HandleTWCC takes the reports of arrival times alone. It is safe for concurrent use.
func (d *Downlink) HandleTWCC(b []byte, now time.Time) {
	at := d.path.since(now)
	eachReport(b, func(kind, format uint8, body []byte) {
		if kind == rtcpTransport && format == formatTWCC {
			d.path.handleTWCC(body, at)
		}
	})
}

// requestsKey returns whether a PLI or FIR is about the stream or its retransmissions.
func (b *Binding) requestsKey(format uint8, body []byte) bool {
	return requestsKey(b.SSRC, format, body) || b.RTXSSRC != 0 && requestsKey(b.RTXSSRC, format, body)
}

// handleReception takes a reception report.
func (d *Downlink) handleReception(r receptionReport, now time.Duration) {
	before := math.Float64frombits(d.lost.Load())
	d.lost.Store(math.Float64bits(before + (r.lost-before)/2))
	if d.kind == Video {
		d.path.handleLoss(r.lost, now)
	}
	if rtt, ok := d.reports.roundTrip(r, d.path.epoch.Add(now)); ok {
		d.path.rtt.Store(int64(rtt))
	}
}
