package rtc

import (
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/send"
)

// listen reads what the receiver says of a downlink until it ends.
func (p *Peer) listen(sender *webrtc.RTPSender, d *send.Downlink) {
	buf := make([]byte, 1500)
	var repeats repeatReports
	defer repeats.stop()
	for {
		n, _, err := sender.Read(buf)
		if err != nil {
			return
		}
		d.HandleRTCP(buf[:n], time.Now(), p.events.KeyFrame)
		repeats.follow(p, sender, d)
	}
}

// repeatReports are the reports of arrival times that come under the SSRC of a
// downlink's repeats, which browsers give them when a repeat was the last packet to
// arrive. pion hands RTCP on by SSRC, and what nobody reads is lost.
type repeatReports struct {
	receiver *webrtc.RTPReceiver
	ssrc     uint32
}

// follow has the reports read under the SSRC that the downlink has now: another offer may
// have made it another. Its streams can be opened when the first RTCP has come.
func (r *repeatReports) follow(p *Peer, sender *webrtc.RTPSender, d *send.Downlink) {
	var ssrc uint32
	if to := d.Binding(); to != nil {
		ssrc = to.RTXSSRC
	}
	if ssrc == r.ssrc {
		return
	}
	r.stop()
	if ssrc != 0 {
		r.receiver = p.listenRepeats(sender, d, ssrc)
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

// listenRepeats reads the reports under an SSRC until what it returns is stopped.
func (p *Peer) listenRepeats(sender *webrtc.RTPSender, d *send.Downlink, ssrc uint32) *webrtc.RTPReceiver {
	r, err := p.api.NewRTPReceiver(webrtc.RTPCodecTypeUnknown, sender.Transport())
	if err != nil {
		return nil
	}
	var encoding webrtc.RTPDecodingParameters
	encoding.SSRC = webrtc.SSRC(ssrc)
	if r.Receive(webrtc.RTPReceiveParameters{Encodings: []webrtc.RTPDecodingParameters{encoding}}) != nil {
		return nil
	}
	p.start(p.guarded(func() {
		buf := make([]byte, 1500)
		for n, _, err := r.Read(buf); err == nil; n, _, err = r.Read(buf) {
			d.HandleArrivals(buf[:n], time.Now())
		}
	}))
	return r
}
