package rtc

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// arrivalInterval is the time between two reports of arrival times, by which a
// browser finds its line's bandwidth.
const arrivalInterval = 100 * time.Millisecond

// feedback is all that a receiver tells a sender: reception reports, arrival
// times and NACKs. Arriving packets drive it, so that a stream that is silent
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

	arrivals *twcc.Recorder
	arrivalX uint8 // id of the header extension; 0: not negotiated
	told     time.Time
}

func newFeedback(send func([]rtcp.Packet) error, media uint32, rate uint32, video bool, arrivalX uint8) *feedback {
	f := &feedback{
		send: send, own: rand.Uint32(), media: media, video: video, arrivalX: arrivalX,
		reception: reception{rate: float64(rate)},
	}
	if arrivalX != 0 {
		f.arrivals = twcc.NewRecorder(f.own)
	}
	return f
}

// packet takes note of a packet and sends what is due.
func (f *feedback) packet(p *rtp.Packet, now time.Time) {
	f.reception.packet(p.SequenceNumber, p.Timestamp, now)
	if f.video {
		f.missing.packet(p.SequenceNumber)
	}
	if f.arrivals != nil {
		if x := p.GetExtension(f.arrivalX); len(x) >= 2 {
			f.arrivals.Record(f.media, binary.BigEndian.Uint16(x), now.UnixMicro())
		}
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
	if f.arrivals != nil && now.Sub(f.told) >= arrivalInterval {
		f.told = now
		if packets := f.arrivals.BuildFeedbackPacket(); len(packets) > 0 {
			_ = f.send(packets)
		}
	}
	if nacks := f.missing.due(now); nacks != nil {
		_ = f.send([]rtcp.Packet{&rtcp.TransportLayerNack{SenderSSRC: f.own, MediaSSRC: f.media, Nacks: nacks}})
	}
}
