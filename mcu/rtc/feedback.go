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
	mends bool   // what is lost is asked for again

	reception reception
	reported  time.Time

	missing  missing
	trip     func() time.Duration // a round trip as ICE knows it, 0: not yet
	measured time.Time
}

func newFeedback(send func([]rtcp.Packet) error, media uint32, rate uint32, mends bool) *feedback {
	return &feedback{
		send: send, own: rand.Uint32(), media: media, mends: mends,
		reception: reception{rate: float64(rate)},
	}
}

// packet takes note of a packet and sends what is due. A packet that was sent again
// in a stream of its own (RFC 4588) is none of this stream's in reports. It returns
// whether the packet had been asked for.
func (f *feedback) packet(p *rtp.Packet, again bool, now time.Time) (mended bool) {
	if !again {
		f.reception.packet(p.SequenceNumber, p.Timestamp, now)
	}
	if f.mends {
		mended = f.missing.packet(p.SequenceNumber, again, now)
	}
	f.due(now)
	return mended
}

// measure asks ICE for the round trip, while something is missing.
func (f *feedback) measure(now time.Time) {
	if f.missing.holes == 0 || f.trip == nil || now.Sub(f.measured) < reportInterval {
		return
	}
	f.measured = now
	if d := f.trip(); d > 0 && (f.missing.trip.mean == 0 || d > f.missing.trip.mean) {
		f.missing.trip.observe(d)
	}
}

// due sends what is due. It allocates only when it sends.
func (f *feedback) due(now time.Time) {
	if now.Sub(f.reported) >= reportInterval {
		f.reported = now
		report := f.reception.report(f.media, now)
		_ = f.send([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: f.own, Reports: []rtcp.ReceptionReport{report}}})
	}
	f.measure(now)
	if nacks := f.missing.due(now); nacks != nil {
		_ = f.send([]rtcp.Packet{&rtcp.TransportLayerNack{SenderSSRC: f.own, MediaSSRC: f.media, Nacks: nacks}})
	}
}
