package rtc

import (
	"image"
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/rtc/offer"
	"tilemix/mcu/rtc/route"
)

// CheckOffer tells why an offer would be refused, as far as that is known without a
// connection: with ErrBadSDP, ErrNoCodec or ErrUnbundled.
func CheckOffer(sdp string) error {
	_, err := offer.Read(sdp, 0)
	return err
}

// Want says how large the participant's picture is shown, in pixels; zero is that nobody sees it.
// Of several layers the smallest that covers it is read.
func (p *Peer) Want(tile image.Point) { p.router.Want(tile) }

// routed is what the peer does with what its client sends.
func (p *Peer) routed() route.Events {
	return route.Events{
		Begin:   p.begin,
		Dropped: func(why route.Reason) { p.counts.unbound.add(why) },
		Unbound: func(ssrc uint32, payloadType uint8, why route.Reason) {
			if p.events.Unbound != nil {
				p.events.Unbound(ssrc, payloadType, string(why))
			}
		},
		Arrived: p.arrived,
		KeyFrame: func(ssrc uint32) {
			_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
		},
	}
}

// begin runs a stream that begins.
func (p *Peer) begin(s *route.Stream) {
	run := p.events.Audio
	if s.Section().Video {
		run = p.events.Video
	}
	t := newTrack(p.pc, s)
	p.start(func() { run(t) })
}

func (p *Peer) arrived(ssrc uint32, number uint16, now time.Time) {
	p.arrivals.Packet(ssrc, number, now)
}
