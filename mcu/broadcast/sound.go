package broadcast

import (
	"bytes"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"tilemix/codec/ticks"
	"tilemix/mcu/aac"
)

// Codecs of sound, as settings and answers name them.
const (
	codecOpus = "opus"
	codecAAC  = "aac"
)

const (
	// aacPatience is how long FFmpeg may take no sound.
	aacPatience = 5 * time.Second
	// aacWarm is how long a broadcast waits at its start for FFmpeg to run.
	aacWarm = time.Second
	// aacLag is how far AAC may be behind the picture. Then silence takes its place.
	aacLag = 400 * time.Millisecond
	// aacPause is how long AAC may pause before silence takes its place, because no part may be empty. The muxer
	// holds one frame back, so two follow then.
	aacPause = 100 * time.Millisecond
)

// voice is the mix in one codec.
type voice struct {
	codec string
	list  string // the name of its playlist
	track *gohlslib.Track
	size  gauge
}

// sound is the mix of a session, in each codec. The goroutine of the broadcast fills it.
type sound struct {
	channels int
	voices   []*voice      // Opus, and AAC behind it
	silence  []byte        // a frame of AAC
	begun    bool          // AAC has
	next     int64         // where the next frame of AAC begins, in samples since the session began
	at, last time.Duration // of the newest picture, and of the one that the last frame of AAC came with
}

// needs returns the most and the average that the sound takes, bits a second. Its encoder varies by a tenth.
func (v *voice) needs(channels int) (most, average int) {
	most, average = v.size.rates()
	if v.codec == codecAAC {
		most = max(most, aac.Bitrate(channels))
	}
	return most * 11 / 10, average
}

func newSound(channels int, both bool) sound {
	s := sound{channels: channels}
	track := func(c codecs.Codec) *gohlslib.Track { return &gohlslib.Track{Codec: c, ClockRate: audioRate} }
	s.voices = []*voice{{codec: codecOpus, list: audioList, track: track(&codecs.Opus{ChannelCount: channels})}}
	if both {
		c := &codecs.MPEG4Audio{}
		c.Config.Type, c.Config.SampleRate, c.Config.ChannelConfig = 2, audioRate, uint8(channels) // AAC-LC
		s.voices = append(s.voices, &voice{codec: codecAAC, list: aacList, track: track(c)})
		// ISO/IEC 14496-3 §4.4.2.1: one element without spectral data, and its end.
		if s.silence = []byte{0x00, 0xc8, 0x00, 0x80, 0x23, 0x80}; channels == 2 {
			s.silence = []byte{0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80}
		}
	}
	return s
}

// tracks returns what a muxer needs to know.
func (s *sound) tracks() (all []*gohlslib.Track) {
	for _, v := range s.voices {
		all = append(all, v.track)
	}
	return all
}

// packet adds a packet of Opus at a time since the session began, which was at wall.
func (s *sound) packet(to *gohlslib.Muxer, wall time.Time, at time.Duration, packet []byte) error {
	v := s.voices[0]
	v.size.add(len(packet))
	packet = bytes.Clone(packet) // the muxer keeps it for its part
	return to.WriteOpus(v.track, wall.Add(at), ticks.Of(at, audioRate), [][]byte{packet})
}

// frame adds a frame of AAC. Frames follow each other without a gap: silence fills what is missing, and a frame
// that comes too late is left out.
func (s *sound) frame(to *gohlslib.Muxer, wall time.Time, at time.Duration, frame []byte) error {
	if len(s.voices) < 2 {
		return nil
	}
	begins := ticks.Of(at, audioRate)
	if !s.begun {
		s.begun, s.next = true, begins
	}
	if err := s.fill(to, wall, begins-aac.Frame/2); err != nil || begins < s.next-aac.Frame/2 {
		return err
	}
	return s.put(to, wall, frame)
}

// fill writes silence until the next frame begins no earlier than at, in samples.
func (s *sound) fill(to *gohlslib.Muxer, wall time.Time, at int64) error {
	for s.next < at {
		if err := s.put(to, wall, s.silence); err != nil {
			return err
		}
	}
	return nil
}

// put adds the next frame of AAC.
func (s *sound) put(to *gohlslib.Muxer, wall time.Time, frame []byte) error {
	v := s.voices[1]
	v.size.add(len(frame))
	at := s.next
	s.next += aac.Frame
	s.last = s.at
	return to.WriteMPEG4Audio(v.track, wall.Add(ticks.Duration(at, audioRate)), at, [][]byte{frame})
}

// cut ends a segment of some length.
func (s *sound) cut(length time.Duration) {
	for _, v := range s.voices {
		v.size.cut(length)
	}
}

// follow takes note of a picture that comes next. AAC that is too far behind becomes silence.
func (s *sound) follow(to *gohlslib.Muxer, wall time.Time, at time.Duration) {
	if len(s.voices) < 2 {
		return
	}
	s.at = at
	due := ticks.Of(at-aacLag, audioRate)
	if at-s.last >= aacPause {
		s.begun = true
		due = max(due, s.next+aac.Frame+1)
	}
	if !s.begun {
		return
	}
	_ = s.fill(to, wall, due) // a muxer that takes no silence takes no picture either
}
