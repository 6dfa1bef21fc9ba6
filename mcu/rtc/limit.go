package rtc

import "github.com/pion/rtcp"

// LimitBitrate tells the sender that no more than bps bits a second of all that he
// sends are of use (REMB, draft-alvestrand-rmcat-remb-03). Senders forget it after
// a while. It may be called by any goroutine.
func (t *Track) LimitBitrate(bps int) {
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{
		Bitrate: float32(bps), SSRCs: []uint32{uint32(t.remote.SSRC())},
	}})
}
