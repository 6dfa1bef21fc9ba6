package rtc

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/offer"
	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/rtc/route"
)

// CheckOffer tells why an offer would be refused, as far as that is known without a
// connection: with ErrBadSDP, ErrNoCodec or ErrUnbundled.
func CheckOffer(sdp string) error {
	_, err := offer.Read(sdp, 0)
	return err
}

// inbound runs what one client sends. pc, life and arrivals are set before the first packet.
type inbound struct {
	events   Events
	counts   *counts
	pc       *webrtc.PeerConnection
	life     *lifetime
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
		Arrived: func(ssrc uint32, number uint16, now time.Time) { in.arrivals.Packet(ssrc, number, now) },
		KeyFrame: func(ssrc uint32) {
			_ = in.report([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
		},
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

// report sends RTCP from a goroutine of its own, for what is called as packets arrive. The
// goroutine that reads SRTP may not send: pion holds the lock that sending takes while it
// closes a connection and waits for that goroutine.
func (in *inbound) report(packets []rtcp.Packet) error {
	b, err := rtcp.Marshal(packets) // the caller may use its packets again
	if err != nil {
		return err
	}
	raw := rtcp.RawPacket(b)
	in.life.start(func() { _ = in.pc.WriteRTCP([]rtcp.Packet{&raw}) })
	return nil
}
