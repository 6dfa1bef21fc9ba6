package rtctest

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
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
	const ntpEpoch = 2208988800 // seconds from NTP's epoch to Unix's (RFC 5905 §6)
	sec, frac := report.NTPTime>>32, report.NTPTime&0xffffffff
	at := time.Unix(int64(sec)-ntpEpoch, int64(frac*1e9>>32))
	return at.Add(time.Duration(int32(timestamp-report.RTPTime)) * time.Second / time.Duration(rate))
}
