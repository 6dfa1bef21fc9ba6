package rtctest

import (
	"errors"
	"fmt"
	"image"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

var errWatching = errors.New("watching")

// Picture is one picture that came in. Image is valid only while it is shown.
type Picture struct {
	Image     *image.YCbCr
	Key       bool
	Timestamp uint32    // 90 kHz
	At        time.Time // of its last packet
	Mixed     time.Time // its instant by the sender reports; zero before the first
}

// Sound is 20 ms that came in, or that a buffered client plays. Block is valid only
// while it is shown. What is played has neither Timestamp nor Mixed.
type Sound struct {
	Block     []float32
	Side      []float32 // half of the left channel less the right; nil: the sound is mono so far
	Timestamp uint32    // 48 kHz
	At        time.Time
	Mixed     time.Time // as that of Picture
}

// VideoSink is the picture that a client receives.
type VideoSink struct {
	watch[Picture]
	order
	reports
	codec atomic.Pointer[string]
}

// Codec returns the MIME type of the pictures, "" before the first.
func (s *VideoSink) Codec() string {
	if mime := s.codec.Load(); mime != nil {
		return *mime
	}
	return ""
}

// AudioSink is the sound that a client receives.
type AudioSink struct {
	watch[Sound]
	order
	reports
}

func newVideoSink(t testing.TB) *VideoSink {
	s := &VideoSink{watch: watch[Picture]{t: t, name: "screen"}}
	s.account = s.state
	return s
}

func newAudioSink(t testing.TB) *AudioSink {
	s := &AudioSink{watch: watch[Sound]{t: t, name: "earphone"}}
	s.account = s.state
	return s
}

// run decodes a track until it ends.
func (s *VideoSink) run(track *webrtc.TrackRemote) {
	format := formatOf(track.Codec().MimeType)
	s.codec.Store(&format.mime)
	dec, err := format.newDecoder()
	if err != nil {
		s.fault("no decoder: %v", err)
		return
	}
	defer dec.Close()
	var au []byte
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		s.check(p, true)
		part, err := format.depacketizer.Unmarshal(p.Payload)
		if err != nil {
			s.fault("packet %d: %v", p.SequenceNumber, err)
		}
		au = append(au, part...)
		if !p.Marker {
			continue
		}
		img, err := dec.Decode(au)
		if err != nil || img == nil {
			s.fault("access unit at %d: %v", p.Timestamp, err)
		} else {
			s.show(Picture{
				Image: img, Key: format.isKey(au), Timestamp: p.Timestamp, At: time.Now(), Mixed: s.instant(p.Timestamp, 90_000),
			})
		}
		au = au[:0]
	}
}

// run decodes a track until it ends.
func (e *AudioSink) run(track *webrtc.TrackRemote) {
	dec, err := opus.NewDecoder()
	if err != nil {
		e.fault("no decoder: %v", err)
		return
	}
	defer dec.Close()
	buf, side, rest := make([]float32, 5760), make([]float32, pcm.Samples), make([]float32, pcm.Samples)
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		e.check(p, false)
		n, err := dec.Decode(buf, p.Payload)
		if err != nil || n != pcm.Samples {
			e.fault("packet %d: %d samples, %v", p.SequenceNumber, n, err)
			continue
		}
		sound := Sound{Block: buf[:n], Timestamp: p.Timestamp, At: time.Now(), Mixed: e.instant(p.Timestamp, pcm.Rate)}
		if dec.Sides(buf[:n], side, rest) {
			for i, r := range rest {
				buf[i] += r
			}
			sound.Side = side
		}
		e.show(sound)
	}
}

// order holds a stream to RFC 3550 §5.1: sequence numbers without gaps, and
// timestamps that rise with every picture or block.
type order struct {
	mu      sync.Mutex
	faults  []string
	started bool
	last    rtp.Header
	packets int
	units   int // pictures or blocks
	leaps   int // blocks of sound that do not follow the one before
}

func (o *order) check(p *rtp.Packet, marked bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := p.Header
	last := o.last
	o.last = h
	o.packets++
	if !marked || h.Marker {
		o.units++
	}
	if !o.started {
		o.started = true
		return
	}
	step := int32(h.Timestamp - last.Timestamp)
	switch {
	case h.SSRC != last.SSRC || h.PayloadType != last.PayloadType:
		o.note("SSRC or payload type changed at %d", h.SequenceNumber)
	case h.SequenceNumber != last.SequenceNumber+1:
		o.note("packet %d follows %d", h.SequenceNumber, last.SequenceNumber)
	case marked && !last.Marker && step != 0:
		o.note("timestamp moved by %d within the picture at %d", step, h.SequenceNumber)
	case (!marked || last.Marker) && step <= 0:
		o.note("timestamp moved by %d at %d", step, h.SequenceNumber)
	case !marked && step != pcm.Samples:
		o.leaps++
	}
}

// count only checks a track, until it ends.
func (o *order) count(track *webrtc.TrackRemote, marked bool) {
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		o.check(p, marked)
	}
}

func (o *order) note(format string, args ...any) {
	if len(o.faults) < 20 {
		o.faults = append(o.faults, fmt.Sprintf(format, args...))
	}
}

func (o *order) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.note(format, args...)
}

// Faults returns what was wrong with the stream so far, and how often its
// timestamps left blocks out.
func (o *order) Faults() (faults []string, leaps int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.faults, o.leaps
}

// state says what came so far.
func (o *order) state() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprintf("%d packets and %d units came so far, the last with timestamp %d, and faults %q", o.packets, o.units, o.last.Timestamp, o.faults)
}

// Received returns how many packets and how many pictures or blocks came.
func (o *order) Received() (packets, units int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.packets, o.units
}
