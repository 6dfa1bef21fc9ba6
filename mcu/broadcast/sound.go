package broadcast

import (
	"bytes"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"tilemix/codec/pcm"
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
	// pause is how long sound may pause before silence takes its place, because no part may be empty. The muxer
	// holds one frame back, so two follow then.
	pause = 100 * time.Millisecond
)

// voice is the mix in one codec.
type voice struct {
	codec string
	list  string // the name of its playlist
	track *gohlslib.Track
	size  gauge

	silence []byte        // a frame
	frame   int64         // samples of a frame
	next    int64         // where the next one begins, in samples since the session began
	last    time.Duration // of the newest picture when the last one came
}

// sound is the mix of a session, in each codec. The goroutine of the broadcast fills it.
type sound struct {
	channels int
	voices   []*voice      // Opus, and AAC behind it
	begun    bool          // AAC has
	at       time.Duration // of the newest picture
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
	opus := &voice{codec: codecOpus, list: audioList, track: track(&codecs.Opus{ChannelCount: channels}), frame: pcm.Samples}
	// RFC 6716 §3.1: 20 ms of CELT, and no band of it has energy.
	opus.silence = []byte{0xf8 | byte(channels-1)<<2, 0xff, 0xfe}
	s.voices = []*voice{opus}
	if both {
		c := &codecs.MPEG4Audio{}
		c.Config.Type, c.Config.SampleRate, c.Config.ChannelConfig = 2, audioRate, uint8(channels) // AAC-LC
		v := &voice{codec: codecAAC, list: aacList, track: track(c), frame: aac.Frame}
		// ISO/IEC 14496-3 §4.4.2.1: one element without spectral data, and its end.
		if v.silence = []byte{0x00, 0xc8, 0x00, 0x80, 0x23, 0x80}; channels == 2 {
			v.silence = []byte{0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80}
		}
		s.voices = append(s.voices, v)
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

// packet adds a packet of Opus at a time since the session began, which was at wall. One that comes too late is left
// out.
func (s *sound) packet(to *gohlslib.Muxer, wall time.Time, at time.Duration, packet []byte) error {
	v, begins := s.voices[0], ticks.Of(at, audioRate)
	if begins < v.next-v.frame/2 {
		return nil
	}
	v.next = begins
	return s.put(v, to, wall, bytes.Clone(packet)) // the muxer keeps it for its part
}

// frame adds a frame of AAC. Frames follow each other without a gap: silence fills what is missing, and a frame
// that comes too late is left out.
func (s *sound) frame(to *gohlslib.Muxer, wall time.Time, at time.Duration, frame []byte) error {
	if len(s.voices) < 2 {
		return nil
	}
	v, begins := s.voices[1], ticks.Of(at, audioRate)
	if !s.begun {
		s.begun, v.next = true, begins
	}
	if err := s.fill(v, to, wall, begins-v.frame/2); err != nil || begins < v.next-v.frame/2 {
		return err
	}
	return s.put(v, to, wall, frame)
}

// fill writes silence until the next frame begins no earlier than at, in samples.
func (s *sound) fill(v *voice, to *gohlslib.Muxer, wall time.Time, at int64) error {
	for v.next < at {
		if err := s.put(v, to, wall, v.silence); err != nil {
			return err
		}
	}
	return nil
}

// put adds the next frame.
func (s *sound) put(v *voice, to *gohlslib.Muxer, wall time.Time, frame []byte) error {
	v.size.add(len(frame))
	at := v.next
	v.next += v.frame
	v.last = s.at
	wall = wall.Add(ticks.Duration(at, audioRate))
	if v.codec == codecAAC {
		return to.WriteMPEG4Audio(v.track, wall, at, [][]byte{frame})
	}
	return to.WriteOpus(v.track, wall, at, [][]byte{frame})
}

// cut ends a segment of some length.
func (s *sound) cut(length time.Duration) {
	for _, v := range s.voices {
		v.size.cut(length)
	}
}

// follow takes note of a picture that comes next. Sound that pauses, and AAC that is too far behind, becomes silence.
func (s *sound) follow(to *gohlslib.Muxer, wall time.Time, at time.Duration) {
	s.at = at
	for _, v := range s.voices {
		var due int64
		if v.codec == codecAAC && s.begun {
			due = ticks.Of(at-aacLag, audioRate)
		}
		if at-v.last >= pause {
			s.begun = s.begun || v.codec == codecAAC
			due = max(due, v.next+v.frame+1)
		}
		_ = s.fill(v, to, wall, due) // a muxer that takes no silence takes no picture either
	}
}
