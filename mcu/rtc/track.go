package rtc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/rtc/route"
)

// waited is how long a Read takes that did not find a packet waiting.
const waited = 200 * time.Microsecond

// Track is one inbound stream. All but RequestKeyFrame is for one goroutine.
type Track struct {
	stream   *route.Stream
	pc       *webrtc.PeerConnection
	feedback *receive.Feedback
	buf      []byte
	codec    codec.Kind
	pt       uint8 // that codec is of

	reported      *route.Report // that Reported returned last
	heard         *route.Report // that feedback has
	idle          time.Time     // when a Read last had to wait
	deadline      bool          // a Read wakes for missing packets
	retransmitted bool          // the packet that was read last
}

func newTrack(pc *webrtc.PeerConnection, s *route.Stream) *Track {
	t := &Track{stream: s, pc: pc, buf: make([]byte, 1601)}
	t.pt, t.codec = first(s.Section())
	f := s.Section().Formats[t.pt]
	t.feedback = receive.NewFeedback(receive.Config{
		Send: pc.WriteRTCP, SSRC: s.SSRC(), ClockRate: uint32(f.Rate), NACK: f.NACK,
		RTT: func() time.Duration { return roundTripOf(pc) },
	})
	return t
}

// first returns what a section's packets are of before one has said it: the format of the lowest
// payload type that is no repair. An answer has pictures of one codec.
func first(s *route.Section) (pt uint8, kind codec.Kind) {
	pt = 255
	for n, f := range s.Formats {
		if !f.Repair && n < pt {
			pt, kind = n, f.Codec
		}
	}
	return pt, kind
}

// roundTripOf returns the round trip that ICE measured last, or 0.
func roundTripOf(pc *webrtc.PeerConnection) time.Duration {
	t := transportOf(pc)
	if t == nil {
		return 0
	}
	stats, ok := t.GetSelectedCandidatePairStats()
	if !ok {
		return 0
	}
	return time.Duration(stats.CurrentRoundTripTime * float64(time.Second))
}

// Codec returns the codec of the last packet that was read, and before the first that of
// the stream's beginning. A sender may change it at any time to another that was
// negotiated. It is 0 for sound.
func (t *Track) Codec() codec.Kind { return t.codec }

// Screen tells whether the stream is of a screen, and not of a camera or a microphone.
func (t *Track) Screen() bool { return t.stream.Section().Screen }

// Read reads the next packet into p, and sends the feedback that is due. The payload is valid until the next Read. It fails when the track or
// the connection ends.
func (t *Track) Read(p *rtp.Packet) error {
	for {
		asked := time.Now()
		t.expect(asked)
		n, repair, err := t.stream.Read(t.buf)
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
			t.hear()
			t.retransmitted = t.feedback.Packet(p, repair, now)
			if p.PayloadType != t.pt {
				t.codec, t.pt = t.stream.Section().Formats[p.PayloadType].Codec, p.PayloadType
			}
			return nil
		}
	}
}

// expect has a Read wake while something is missing: to ask for it again in time, however
// rarely packets come.
func (t *Track) expect(now time.Time) {
	until := t.feedback.NextDue(now)
	if until.IsZero() && !t.deadline {
		return
	}
	t.deadline = !until.IsZero()
	_ = t.stream.SetReadDeadline(until) // of a track that has ended, as Read will say
}

// overdue returns whether a Read only took too long.
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
	id := t.stream.Section().LevelID
	if id == 0 {
		return 0, false
	}
	ext := p.GetExtension(id)
	if len(ext) != 1 {
		return 0, false
	}
	return ext[0] & 0x7f, true
}

// Reported returns the sender's time, in NTP's 32.32 fixed point, of a timestamp, by
// the last sender report (RFC 3550 §6.4.1), and whether that is another than the last call
// returned.
func (t *Track) Reported() (ntp uint64, timestamp uint32, fresh bool) {
	sr := t.stream.Report()
	if sr == t.reported {
		return 0, 0, false
	}
	t.reported = sr
	return sr.NTP, sr.Timestamp, true
}

// hear takes the newest sender report, for the reports that answer it.
func (t *Track) hear() {
	if sr := t.stream.Report(); sr != nil && sr != t.heard {
		t.heard = sr
		t.feedback.SenderReport(sr.NTP, sr.Timestamp, sr.At)
	}
}

// Parameters returns the parameter sets that the offer carried, each a NAL unit of H.264.
func (t *Track) Parameters() [][]byte { return t.stream.Section().Formats[t.pt].Parameters }

// RequestKeyFrame asks the sender for an IDR (PLI, RFC 4585 §6.3.1).
func (t *Track) RequestKeyFrame() {
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: t.stream.SSRC()}})
}

// Received returns what arrived of the stream. It is safe for concurrent use.
func (t *Track) Received() receive.Stats { return t.feedback.Stats() }

// LimitBitrate tells the sender that no more than bps bits a second of one layer of all its
// streams are of use (REMB, draft-alvestrand-rmcat-remb-03). Senders forget a limit after a
// while. It is safe for concurrent use.
func (t *Track) LimitBitrate(bps int) {
	if len(t.stream.Section().RIDs) > 1 {
		bps += bps * 2 / 3 // for the layers below, which a sender fills first
	}
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{
		Bitrate: float32(bps), SSRCs: []uint32{t.stream.SSRC()},
	}})
}
