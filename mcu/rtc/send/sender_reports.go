package send

import (
	"math"
	"sync/atomic"
	"time"

	"tilemix/mcu/rtc/reports"
	"tilemix/mcu/rtptime"
)

// senderReports knows when the last sender reports left, to measure round trips (RFC
// 3550 §6.4.1). The time in a report is that of the media, not that of its sending. The
// owner of the sender adds reports; roundTrip is safe for concurrent use.
type senderReports struct {
	sent [4]atomic.Uint64 // the middle of the NTP time in the report, and of that of sending
	n    int
}

func (s *senderReports) add(at, now time.Time) {
	s.sent[s.n%len(s.sent)].Store(rtptime.NTP(at)>>16<<32 | rtptime.NTP(now)>>16&math.MaxUint32)
	s.n++
}

// roundTrip returns the time since the sender report that r answers, less the time that
// the receiver held it. It refuses values that cannot be.
func (s *senderReports) roundTrip(r reports.Reception, now time.Time) (time.Duration, bool) {
	if r.LastSR == 0 {
		return 0, false
	}
	for i := range s.sent {
		sent := s.sent[i].Load()
		if uint32(sent>>32) != r.LastSR {
			continue
		}
		took := int32(uint32(rtptime.NTP(now)>>16) - uint32(sent) - r.Delay)
		rtt := time.Duration(took) * time.Second / 65536
		return rtt, rtt >= 0 && rtt < 10*time.Second
	}
	return 0, false
}
