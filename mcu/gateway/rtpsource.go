package gateway

import (
	"io"
	"sync"
	"time"

	"github.com/pion/rtp"
	payloads "github.com/pion/rtp/codecs"

	"tilemix/mcu/rtptime"
)

// packetSize is the longest payload of a packet, in bytes.
const packetSize = 1200

// unit is an access unit or a packet of sound from a transport stream.
type unit struct {
	at    int64     // ticks of streamRate since the first
	ntp   time.Time // of the first
	parts [][]byte  // NAL units, or the packet
}

// rtpSource is a [media.Source]. It packetizes units from a tsDemuxer. One goroutine delivers
// units, and one reads packets.
type rtpSource struct {
	units chan unit
	begun chan struct{} // closed at the first unit
	ended chan struct{} // closed when the attempt ends
	once  sync.Once
	video bool

	// Owned by the goroutine that reads.
	pay      payloads.H264Payloader
	packets  [][]byte
	next     int
	seq      uint16
	stamp    uint32
	reported bool
	ntp      time.Time
}

func newRTPSource(video bool) *rtpSource {
	return &rtpSource{video: video, units: make(chan unit, queuedUnits), begun: make(chan struct{}), ended: make(chan struct{})}
}

func (s *rtpSource) begin() { s.once.Do(func() { close(s.begun) }) }

// Read waits for the next packet. It returns io.EOF when the attempt has ended.
func (s *rtpSource) Read(p *rtp.Packet) error {
	for s.next >= len(s.packets) {
		select {
		case u := <-s.units:
			s.packetize(u)
		case <-s.ended:
			return io.EOF
		}
	}
	s.next++
	s.seq++
	*p = rtp.Packet{
		Header: rtp.Header{
			Version: 2, SSRC: 1, SequenceNumber: s.seq, Timestamp: s.stamp,
			Marker: s.video && s.next == len(s.packets),
		},
		Payload: s.packets[s.next-1],
	}
	return nil
}

// packetize replaces packets by those of a unit.
func (s *rtpSource) packetize(u unit) {
	s.packets, s.next, s.ntp = s.packets[:0], 0, u.ntp
	if !s.video {
		s.stamp = uint32(u.at * 48_000 / streamRate)
		s.packets = append(s.packets, u.parts...)
		return
	}
	s.stamp = uint32(u.at)
	for _, nal := range u.parts {
		s.packets = append(s.packets, s.pay.Payload(packetSize, nal)...)
	}
}

// Reported returns once that the first timestamp was when the stream began.
func (s *rtpSource) Reported() (ntp uint64, timestamp uint32, fresh bool) {
	if s.reported {
		return 0, 0, false
	}
	s.reported = true
	return rtptime.NTP(s.ntp), 0, true
}
