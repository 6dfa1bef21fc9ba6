package send

import (
	"math"
	"time"

	"tilemix/mcu/rtc/reports"
)

// HandleRTCP takes the RTCP that the receiver sent about the stream, and calls keyFrame
// when it requests a key frame. It is for one goroutine.
func (d *Downlink) HandleRTCP(b []byte, now time.Time, keyFrame func()) {
	at := d.path.since(now)
	reports.Each(b, func(r reports.RTCP) {
		to := d.binding.Load()
		switch {
		case r.IsArrivals():
			d.path.handleArrivals(r, at)
			return
		case r.IsKeyRequest() && d.kind == video:
			if to != nil && to.requestsKey(r) {
				keyFrame()
			} else {
				d.path.counters.UnknownStreamKeyRequests.Add(1)
			}
			return
		case to == nil:
			return
		}
		if block, ok := r.Reception(to.SSRC); ok {
			d.handleReception(block, at)
		}
		if of, ok := r.NACK(); ok && of == to.SSRC { // the compound may be about other streams too
			d.rtx.handleNACK(&d.sender, to, r, at)
		}
		if bps, ok := r.Limit(); ok {
			d.path.handleREMB(bps)
		}
	})
}

// HandleArrivals takes the reports of arrival times alone. It is safe for concurrent use.
func (d *Downlink) HandleArrivals(b []byte, now time.Time) {
	at := d.path.since(now)
	reports.Each(b, func(r reports.RTCP) {
		if r.IsArrivals() {
			d.path.handleArrivals(r, at)
		}
	})
}

// requestsKey returns whether a PLI or FIR is about the stream or its retransmissions.
func (b *Binding) requestsKey(r reports.RTCP) bool {
	return r.RequestsKey(b.SSRC) || b.RTXSSRC != 0 && r.RequestsKey(b.RTXSSRC)
}

// handleReception takes a reception report.
func (d *Downlink) handleReception(r reports.Reception, now time.Duration) {
	before := math.Float64frombits(d.lost.Load())
	d.lost.Store(math.Float64bits(before + (r.Lost-before)/2))
	d.jitter.Store(int64(r.Jitter) * int64(time.Second) / d.kind.clockRate())
	if d.kind == video {
		d.path.handleLoss(r.Lost, now)
	}
	if rtt, ok := d.reports.roundTrip(r, d.path.epoch.Add(now)); ok {
		d.path.rtt.Store(int64(rtt))
	}
}
