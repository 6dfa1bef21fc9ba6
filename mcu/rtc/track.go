package rtc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/rtc/receive"
)

// waited is how long a Read takes that did not find a packet waiting.
const waited = 200 * time.Microsecond

// Track is one inbound stream. All but RequestKeyFrame is for one goroutine.
type Track struct {
	remote   *webrtc.TrackRemote
	pc       *webrtc.PeerConnection
	levelID  uint8
	feedback *receive.Feedback
	buf      []byte
	codec    codec.Kind
	pt       uint8 // that codec is of

	reported      *receive.SenderReport // that Reported returned last
	idle          time.Time             // when a Read last had to wait
	deadline      bool                  // a Read wakes for missing packets
	retransmitted bool                  // the packet that was read last
}

func newTrack(pc *webrtc.PeerConnection, remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) *Track {
	t := &Track{remote: remote, pc: pc, buf: make([]byte, 1600)}
	for _, e := range receiver.GetParameters().HeaderExtensions {
		if e.URI == audioLevelURI {
			t.levelID = uint8(e.ID)
		}
	}
	nack := slices.Contains(remote.Codec().RTCPFeedback, webrtc.RTCPFeedback{Type: "nack"})
	t.feedback = receive.NewFeedback(receive.Config{
		Send: pc.WriteRTCP, SSRC: uint32(remote.SSRC()), ClockRate: remote.Codec().ClockRate, NACK: nack,
		RTT: func() time.Duration { return roundTripOf(pc) },
	})
	t.codec, t.pt = pictureKind(remote.Codec().RTPCodecCapability), uint8(remote.PayloadType())
	return t
}

// roundTripOf returns the round trip that ICE measured last, or 0.
func roundTripOf(pc *webrtc.PeerConnection) time.Duration {
	stats, ok := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
	if !ok {
		return 0
	}
	return time.Duration(stats.CurrentRoundTripTime * float64(time.Second))
}

// Codec returns the codec of the last packet that was read, and before the first that of
// the stream's beginning. A sender may change it at any time to another that was
// negotiated. It is 0 for sound.
func (t *Track) Codec() codec.Kind { return t.codec }

// Read reads the next packet into p, and sends the feedback that is due. The payload is valid until the next Read. It fails when the track or
// the connection ends.
func (t *Track) Read(p *rtp.Packet) error {
	for {
		asked := time.Now()
		t.expect(asked)
		n, attributes, err := t.remote.Read(t.buf)
		if t.deadline && overdue(err) {
			t.feedback.Due(time.Now())
			continue
		}
		if err != nil {
			return fmt.Errorf("read track: %w", err)
		}
		// A packet that does not parse concerns the sender alone.
		if p.Unmarshal(t.buf[:n]) == nil {
			now := time.Now()
			if now.Sub(asked) > waited || t.idle.IsZero() {
				t.idle = now
			}
			t.retransmitted = t.feedback.Packet(p, attributes.Get(webrtc.AttributeRtxSsrc) != nil, now)
			if p.PayloadType != t.pt {
				t.codec, t.pt = pictureKind(t.remote.Codec().RTPCodecCapability), p.PayloadType
			}
			return nil
		}
	}
}

// expect has a Read wake while something is missing: to ask for it again in time, however
// rarely packets come, and to take what was sent again in a stream of its own, for which
// pion does not wake a Read.
func (t *Track) expect(now time.Time) {
	until := t.feedback.NextDue(now)
	if until.IsZero() && !t.deadline {
		return
	}
	t.deadline = !until.IsZero()
	_ = t.remote.SetReadDeadline(until) // of a track that has ended, as Read will say
}

// overdue returns whether a Read only took too long. pion has two errors for that.
func overdue(err error) bool {
	var of net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &of) && of.Timeout()
}

// Busy returns for how long no Read had to wait for a packet: all packets that were read
// since had arrived before.
func (t *Track) Busy(now time.Time) time.Duration { return now.Sub(t.idle) }

// Retransmitted returns whether a NACK had asked for the packet that was read last. Its
// lateness then says nothing about the path.
func (t *Track) Retransmitted() bool { return t.retransmitted }

// Patience returns how long a missing packet of a video is worth waiting for, before
// a key frame is asked for instead: it has been asked for again a few times by then.
func (t *Track) Patience() time.Duration { return t.feedback.Patience() }

// Level returns the sender's own measure of how loud p is, in -dBov (RFC 6464
// §3), where it gives one.
func (t *Track) Level(p *rtp.Packet) (level uint8, ok bool) {
	if t.levelID == 0 {
		return 0, false
	}
	ext := p.GetExtension(t.levelID)
	if len(ext) != 1 {
		return 0, false
	}
	return ext[0] & 0x7f, true
}

// Reported returns the sender's time, in NTP's 32.32 fixed point, of a timestamp, by
// the last sender report (RFC 3550 §6.4.1), and whether that is another than the last call
// returned.
func (t *Track) Reported() (ntp uint64, timestamp uint32, fresh bool) {
	sr := t.feedback.LastSenderReport()
	if sr == t.reported {
		return 0, 0, false
	}
	t.reported = sr
	return sr.NTP, sr.Timestamp, true
}

// listen reads the sender's RTCP until the track ends.
func (t *Track) listen(receiver *webrtc.RTPReceiver) {
	buf := make([]byte, 1500)
	for {
		n, _, err := receiver.Read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == uint32(t.remote.SSRC()) {
				t.feedback.SenderReport(sr.NTPTime, sr.RTPTime, time.Now())
			}
		}
	}
}

// RequestKeyFrame asks the sender for an IDR (PLI, RFC 4585 §6.3.1).
func (t *Track) RequestKeyFrame() {
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.remote.SSRC())}})
}

// LimitBitrate tells the sender that no more than bps bits a second of all its streams
// are of use (REMB, draft-alvestrand-rmcat-remb-03). Senders forget a limit after a
// while. It is safe for concurrent use.
func (t *Track) LimitBitrate(bps int) {
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{
		Bitrate: float32(bps), SSRCs: []uint32{uint32(t.remote.SSRC())},
	}})
}
