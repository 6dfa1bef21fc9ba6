package client

import (
	"crypto/rand"
	"math/big"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// mtu is the longest payload sent: with all that is around it, it stays under the 1280
// bytes which every line carries (RFC 8200 §5).
const mtu = 1180

// sender sends one track. One goroutine writes it.
type sender struct {
	track  *webrtc.TrackLocalStaticRTP
	pay    rtp.Payloader
	rate   int64
	seq    uint16
	origin uint32
}

// random is where sequence numbers and timestamps begin (RFC 3550 §5.1).
func random() uint32 {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<31))
	if err != nil {
		return 0
	}
	return uint32(n.Int64())
}

// write sends an access unit or an Opus packet.
func (s *sender) write(data []byte, at time.Duration) error {
	ticks := int64(at/time.Second)*s.rate + int64(at%time.Second)*s.rate/int64(time.Second)
	payloads := s.pay.Payload(mtu, data)
	for i, payload := range payloads {
		s.seq++
		err := s.track.WriteRTP(&rtp.Packet{
			Header: rtp.Header{
				Version: 2, SequenceNumber: s.seq, Timestamp: s.origin + uint32(ticks),
				Marker: s.rate == 90_000 && i == len(payloads)-1,
			},
			Payload: payload,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
