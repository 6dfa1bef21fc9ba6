package broadcast

import (
	"bytes"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu/intake"
)

const (
	videoRate = ticks.Video
	audioRate = pcm.Rate

	// partLength is the least of a part. A player is some three parts behind.
	partLength = 200 * time.Millisecond
	// segmentLength is the least of a segment. Each begins with an IDR, and those are a
	// second apart at least, but at the end.
	segmentLength = 510 * time.Millisecond
	segments      = 7
	segmentBytes  = 16 << 20
)

// session is an unbroken stream of a broadcast. The broadcast's goroutine fills it, and
// any may be served of it.
type session struct {
	id, room string
	of       *broadcast
	muxer    *gohlslib.Muxer
	video    *gohlslib.Track
	audio    *gohlslib.Track
	first    sync.WaitGroup // has who waits for the first segment

	// last has the playlists of a session that ended.
	last atomic.Pointer[map[string][]byte]

	// Owned by the broadcast's goroutine.
	sps, pps []byte
	base     time.Duration // of the room's clock, where the session's begins
	wall     time.Time     // when that was
	cadence  cadence
	key      []byte        // the last IDR
	started  time.Duration // where the segment of now begins
	playable bool          // there is a segment that is whole
}

func newSession(b *broadcast, p pictureUnits, at time.Duration) (*session, error) {
	s := &session{
		id: newID(), room: b.room, of: b, base: at, wall: time.Now(),
		sps: bytes.Clone(p.sps), pps: bytes.Clone(p.pps),
	}
	s.video = &gohlslib.Track{Codec: &codecs.H264{SPS: s.sps, PPS: s.pps}, ClockRate: videoRate}
	s.audio = &gohlslib.Track{Codec: &codecs.Opus{ChannelCount: 1}, ClockRate: audioRate, Name: "Mix", IsDefault: true}
	s.muxer = &gohlslib.Muxer{
		Variant:            gohlslib.MuxerVariantLowLatency,
		Tracks:             []*gohlslib.Track{s.video, s.audio},
		SegmentCount:       segments,
		SegmentMinDuration: segmentLength,
		PartMinDuration:    partLength,
		SegmentMaxSize:     segmentBytes,
		OnEncodeError:      func(err error) { b.log.Debug("broadcast", "note", err) },
	}
	if err := s.muxer.Start(); err != nil {
		return nil, err
	}
	return s, nil
}

// begin makes the session known, and what to play of it once there is something.
func (s *session) begin() {
	s.of.home.keep(s)
	s.first.Go(func() {
		if s.ask("index.m3u8", "").status == http.StatusOK { // returns with the first segment, or the end
			s.of.announce(s)
		}
	})
}

// fits tells whether a picture can be decoded by what players know of the session.
func (s *session) fits(p pictureUnits) bool {
	return bytes.Equal(s.sps, p.sps) && bytes.Equal(s.pps, p.pps)
}

// picture adds an access unit.
func (s *session) picture(p pictureUnits, u *intake.Unit) error {
	if u.Key {
		s.key = append(s.key[:0], u.Data...)
	}
	return s.write(p, u.Key, s.cadence.place(u.At-s.base))
}

// write has the muxer add a picture. One that is an IDR makes a segment of what came
// before.
func (s *session) write(p pictureUnits, key bool, at time.Duration) error {
	if err := s.muxer.WriteH264(s.video, s.wall.Add(at), ticks.Of(at, videoRate), p.all); err != nil {
		return err
	}
	if key && at-s.started >= segmentLength {
		s.started, s.playable = at, true
	}
	return nil
}

// sound adds a packet. What comes before the first picture is left out by the muxer.
func (s *session) sound(u *intake.Unit) {
	at := u.At - s.base
	packet := bytes.Clone(u.Data) // the muxer keeps it for its part
	if err := s.muxer.WriteOpus(s.audio, s.wall.Add(at), ticks.Of(at, audioRate), [][]byte{packet}); err != nil {
		s.of.log.Debug("packet not broadcast", "error", err)
	}
}

// finish ends the session. Its files can be had until drop.
func (s *session) finish() {
	// An IDR ends the segment; it is not played itself.
	if p, err := parse(&intake.Unit{Data: s.key, Key: true}); err == nil {
		_ = s.write(p, true, s.cadence.last+tick)
	}
	s.conclude()
	s.muxer.Close()
	s.first.Wait()
	s.of.announce(nil)
}

func (s *session) drop() { s.of.home.forget(s) }
