package rtc

import (
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// feedback is what a receiver tells a sender of one stream: reception reports and
// NACKs. Arriving packets drive it, so that a stream that is silent
// costs nothing; pion's interceptors have a goroutine and a ticker each. It belongs
// to the goroutine that reads the track, which also sends it.
type feedback struct {
	send  func([]rtcp.Packet) error
	own   uint32 // our SSRC in reports
	media uint32 // the stream's
	video bool

	reception reception
	reported  time.Time

	missing missing
}

func newFeedback(send func([]rtcp.Packet) error, media uint32, rate uint32, video bool) *feedback {
	return &feedback{
		send: send, own: rand.Uint32(), media: media, video: video,
		reception: reception{rate: float64(rate)},
	}
}

// packet takes note of a packet and sends what is due.
func (f *feedback) packet(p *rtp.Packet, now time.Time) {
	f.reception.packet(p.SequenceNumber, p.Timestamp, now)
	if f.video {
		f.missing.packet(p.SequenceNumber)
	}
	f.due(now)
}

// due sends what is due. It allocates only when it sends.
func (f *feedback) due(now time.Time) {
	if now.Sub(f.reported) >= reportInterval {
		f.reported = now
		report := f.reception.report(f.media, now)
		_ = f.send([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: f.own, Reports: []rtcp.ReceptionReport{report}}})
	}
	if nacks := f.missing.due(now); nacks != nil {
		_ = f.send([]rtcp.Packet{&rtcp.TransportLayerNack{SenderSSRC: f.own, MediaSSRC: f.media, Nacks: nacks}})
	}
}
