package rtc

import (
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/offer"
	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/rtc/route"
)

// CheckOffer tells why an offer would be refused, as far as that is known without a
// connection: with ErrBadSDP, ErrNoCodec or ErrUnbundled.
func CheckOffer(sdp string) error {
	o, err := offer.Read(sdp, 0)
	if err == nil && !o.Flows() {
		return fmt.Errorf("%w: all its sound and pictures are a=inactive; one has to be sendrecv, sendonly or recvonly", ErrBadSDP)
	}
	return err
}

// inbound runs what one client sends. pc, life, reports and arrivals are set before the first
// packet.
type inbound struct {
	events   Events
	counts   *counts
	pc       *webrtc.PeerConnection
	life     *lifetime
	reports  *reportWriter
	arrivals *receive.Arrivals
}

// routed is what the server does with what its client sends.
func (in *inbound) routed() route.Events {
	return route.Events{
		Begin:   in.begin,
		Dropped: func(why route.Reason) { in.counts.unbound.add(why) },
		Unbound: func(ssrc uint32, payloadType uint8, why route.Reason) {
			if in.events.Unbound != nil {
				in.events.Unbound(ssrc, payloadType, string(why))
			}
		},
		Arrived:  func(ssrc uint32, number uint16, now time.Time) { in.arrivals.Packet(ssrc, number, now) },
		KeyFrame: func(ssrc uint32) { in.reports.requestKeyFrame(ssrc) },
	}
}

// begin runs a stream that begins.
func (in *inbound) begin(s *route.Stream) {
	run := in.events.Audio
	if s.Section().Video {
		run = in.events.Video
	}
	t := newTrack(in.pc, s)
	in.life.start(func() { run(t) })
}
