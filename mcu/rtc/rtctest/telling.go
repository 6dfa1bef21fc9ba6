package rtctest

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtptime"
)

// reportInterval is the time between two sender reports of a stream.
const reportInterval = 500 * time.Millisecond

// reporter returns what sends a stream's sender report (RFC 3550 §6.4.1): that what
// was taken at a time since the client was made has a timestamp. The client's clock
// is an hour ahead.
func (c *Client) reporter(sender *webrtc.RTPSender) func(taken time.Duration, timestamp uint32) {
	return func(taken time.Duration, timestamp uint32) {
		_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
			SSRC:    uint32(sender.GetParameters().Encodings[0].SSRC),
			NTPTime: rtptime.NTP(c.born.Add(taken + time.Hour)),
			RTPTime: timestamp,
		}})
	}
}

// tell sends a sender report when one is due. It is for the goroutine that sends.
func (u *Uplink) tell(taken time.Duration, rate int64) {
	if u.reported == 0 || taken-u.reported >= reportInterval {
		u.reported = taken
		u.report(taken, rtptime.Timestamp(taken, rate))
	}
}
