package client

import (
	"crypto/rand"
	"math/big"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	formats "github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// mtu is the longest payload sent: with all that is around it, it stays under the 1280
// bytes which every line carries (RFC 8200 §5).
const mtu = 1180

var (
	opus = webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	h264 = webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		RTCPFeedback: []webrtc.RTCPFeedback{
			{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
		},
	}
)

func codecs() []webrtc.RTPCodecParameters {
	return []webrtc.RTPCodecParameters{
		{RTPCodecCapability: opus, PayloadType: 111},
		{RTPCodecCapability: h264, PayloadType: 102},
		{RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=102",
		}, PayloadType: 103},
	}
}

// sender sends one track. One goroutine writes it.
type sender struct {
	track  *webrtc.TrackLocalStaticRTP
	pay    rtp.Payloader
	rate   int64
	seq    uint16
	origin uint32
}

// add makes a transceiver, and a sender for it where the client sends.
func (c *Client) add(codec webrtc.RTPCodecCapability, sends bool) (*sender, error) {
	kind := webrtc.RTPCodecTypeVideo
	var pay rtp.Payloader = &formats.H264Payloader{}
	if codec.MimeType == webrtc.MimeTypeOpus {
		kind, pay = webrtc.RTPCodecTypeAudio, &formats.OpusPayloader{}
	}
	if !sends {
		_, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticRTP(codec, kind.String(), "tilemix")
	if err != nil {
		return nil, err
	}
	direction := webrtc.RTPTransceiverDirectionSendrecv
	if c.cfg.SendOnly {
		direction = webrtc.RTPTransceiverDirectionSendonly
	}
	transceiver, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: direction})
	if err != nil {
		return nil, err
	}
	c.wg.Go(func() { c.listen(transceiver.Sender()) })
	return &sender{
		track: track, pay: pay, rate: int64(codec.ClockRate),
		seq: uint16(random()), origin: random(),
	}, nil
}

// random is where sequence numbers and timestamps begin (RFC 3550 §5.1).
func random() uint32 {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<31))
	if err != nil {
		return 0
	}
	return uint32(n.Int64())
}

// listen reads what the server says of a track until the client is closed.
func (c *Client) listen(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				if c.cfg.KeyFrame != nil {
					c.cfg.KeyFrame()
				}
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				if c.cfg.Limit != nil {
					c.cfg.Limit(int(p.Bitrate))
				}
			}
		}
	}
}

// WriteVideo sends an access unit (Annex B). at counts from any instant, the same for
// picture and sound, and rises. Before the connection stands it is lost.
func (c *Client) WriteVideo(au []byte, at time.Duration) error { return c.video.write(au, at) }

// WriteAudio sends an Opus packet; at is that of WriteVideo. Not both may be called by
// several goroutines each.
func (c *Client) WriteAudio(packet []byte, at time.Duration) error { return c.audio.write(packet, at) }

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
