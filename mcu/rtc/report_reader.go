package rtc

import (
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/send"
)

// reportReader reads the RTCP that one client sends about what it receives.
type reportReader struct {
	api      *webrtc.API
	life     *lifetime
	keyFrame func() // Events.KeyFrame
}

// read reads what the receiver says of a downlink until it ends.
func (r *reportReader) read(sender *webrtc.RTPSender, d *send.Downlink) {
	buf := make([]byte, 1500)
	var repeats repeatReports
	defer repeats.stop()
	for {
		n, _, err := sender.Read(buf)
		if err != nil {
			return
		}
		d.HandleRTCP(buf[:n], time.Now(), r.keyFrame)
		repeats.follow(r, sender, d)
	}
}

// repeatReports are the reports of arrival times that name the SSRC of a downlink's
// retransmissions. Browsers name it when a retransmission was the last packet to arrive.
// pion hands RTCP on by SSRC and drops what has no reader.
type repeatReports struct {
	receiver *webrtc.RTPReceiver
	ssrc     uint32
}

// follow has the reports read under the SSRC that the downlink has now: another offer may
// have made it another. Its streams can be opened when the first RTCP has come.
func (r *repeatReports) follow(by *reportReader, sender *webrtc.RTPSender, d *send.Downlink) {
	var ssrc uint32
	if to := d.Binding(); to != nil {
		ssrc = to.RTXSSRC
	}
	if ssrc == r.ssrc {
		return
	}
	r.stop()
	if ssrc != 0 {
		r.receiver = by.readRepeats(sender, d, ssrc)
	}
	if ssrc == 0 || r.receiver != nil {
		r.ssrc = ssrc
	}
}

func (r *repeatReports) stop() {
	if r.receiver != nil {
		_ = r.receiver.Stop()
	}
	r.receiver, r.ssrc = nil, 0
}

// readRepeats reads the reports under an SSRC until what it returns is stopped.
func (r *reportReader) readRepeats(sender *webrtc.RTPSender, d *send.Downlink, ssrc uint32) *webrtc.RTPReceiver {
	from, err := r.api.NewRTPReceiver(webrtc.RTPCodecTypeUnknown, sender.Transport())
	if err != nil {
		return nil
	}
	var encoding webrtc.RTPDecodingParameters
	encoding.SSRC = webrtc.SSRC(ssrc)
	if from.Receive(webrtc.RTPReceiveParameters{Encodings: []webrtc.RTPDecodingParameters{encoding}}) != nil {
		return nil
	}
	r.life.start(r.life.guarded(func() {
		buf := make([]byte, 1500)
		for n, _, err := from.Read(buf); err == nil; n, _, err = from.Read(buf) {
			d.HandleArrivals(buf[:n], time.Now())
		}
	}))
	return from
}
