package rtctest

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtptime"
)

// reports keeps the newest sender report of a stream (RFC 3550 §6.4.1).
type reports struct {
	newest atomic.Pointer[rtcp.SenderReport]
}

// listen reads reports until the track ends.
func (r *reports) listen(receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if report, ok := p.(*rtcp.SenderReport); ok {
				r.newest.Store(report)
			}
		}
	}
}

// instant returns the time of a timestamp on the sender's clock, which is what
// receivers keep sound and picture together by; zero before the first report.
func (r *reports) instant(timestamp uint32, rate int) time.Time {
	report := r.newest.Load()
	if report == nil {
		return time.Time{}
	}
	return rtptime.FromNTP(report.NTPTime).Add(rtptime.Since(timestamp, report.RTPTime, int64(rate)))
}
