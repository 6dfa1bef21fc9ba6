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

	// partLength is the least length of a part. A player is about three parts behind.
	partLength = 200 * time.Millisecond
	// segmentLength is the least length of a segment. Each begins with an IDR. IDRs are at
	// least a second apart, except at the end.
	segmentLength = 510 * time.Millisecond
	segments      = 7
	segmentBytes  = 16 << 20
)

// session is an unbroken stream of a broadcast. The goroutine of the broadcast fills it.
// Serving from it is safe for concurrent use.
type session struct {
	id, room string
	of       *broadcast
	muxer    *gohlslib.Muxer
	video    *gohlslib.Track
	audio    *gohlslib.Track
	scribe   scribe
	first    sync.WaitGroup // of the goroutine that waits for the first segment
	place    place          // does not change once the session is served

	// last has the final playlists; nil: the session has not ended.
	last atomic.Pointer[map[string][]byte]

	// Owned by the broadcast's goroutine.
	sps, pps []byte
	base     time.Duration // when the session began, since the server's epoch
	wall     time.Time     // when the session began
	grid     intake.Grid
	key      []byte        // the last IDR
	started  time.Duration // when the present segment began
	playable bool          // the first segment is whole
	whole    int           // segments that are whole
}

func newSession(b *broadcast, p pictureUnits, at time.Duration) (*session, error) {
	s := &session{
		id: newID(), room: b.room, of: b, base: at, wall: time.Now(),
		sps: bytes.Clone(p.sps), pps: bytes.Clone(p.pps),
	}
	s.video = &gohlslib.Track{Codec: &codecs.H264{SPS: s.sps, PPS: s.pps}, ClockRate: videoRate}
	s.audio = &gohlslib.Track{Codec: &codecs.Opus{ChannelCount: b.mix.AudioChannels()}, ClockRate: audioRate, Name: "Mix", Language: "und", IsDefault: true}
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
	b.home.memory.goOn(s)
	return s, nil
}

// begin has the session served, and announces it when its first segment is whole.
func (s *session) begin() {
	s.of.home.keep(s)
	s.first.Go(func() {
		if s.ask("index.m3u8", "").status == http.StatusOK { // returns at the first segment, or at the end
			s.of.announce(s)
		}
	})
}

// fits reports whether an IDR has the parameter sets of the session.
func (s *session) fits(p pictureUnits) bool {
	return bytes.Equal(s.sps, p.sps) && bytes.Equal(s.pps, p.pps)
}

// picture adds an access unit.
func (s *session) picture(p pictureUnits, u *intake.Unit) error {
	if u.Key {
		s.key = append(s.key[:0], u.Data...)
	}
	return s.write(p, u.Key, s.grid.Place(u.At-s.base))
}

// write has the muxer add a picture. An IDR ends the segment before it.
func (s *session) write(p pictureUnits, key bool, at time.Duration) error {
	if err := s.muxer.WriteH264(s.video, s.wall.Add(at), ticks.Of(at, videoRate), p.all); err != nil {
		return err
	}
	if key && at-s.started >= segmentLength {
		s.started, s.playable = at, true
		s.whole++
		s.of.home.memory.note(s)
	}
	return nil
}

// sound adds a packet. The muxer drops packets before the first picture.
func (s *session) sound(u *intake.Unit) {
	at := u.At - s.base
	packet := bytes.Clone(u.Data) // the muxer keeps it for its part
	if err := s.muxer.WriteOpus(s.audio, s.wall.Add(at), ticks.Of(at, audioRate), [][]byte{packet}); err != nil {
		s.of.log.Debug("packet not broadcast", "error", err)
	}
}

// finish ends the session. Its files are served until drop.
func (s *session) finish() {
	defer s.of.home.memory.forget(s)
	// This IDR ends the last segment. No player plays it.
	if p, err := parse(&intake.Unit{Data: s.key, Key: true}); err == nil {
		_ = s.write(p, true, s.grid.After(0))
	}
	s.conclude()
	s.muxer.Close()
	s.first.Wait()
	s.of.announce(nil)
}

func (s *session) drop() { s.of.home.forget(s) }
