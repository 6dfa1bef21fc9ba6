package broadcast

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

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
	rungs    []*rung // renditions of the picture
	sound    sound
	lists    []listing
	scribe   scribe
	first    sync.WaitGroup // of the goroutine that waits for the first segments
	place    place          // does not change once the session is served

	// last has the final playlists; nil: the session has not ended.
	last atomic.Pointer[map[string][]byte]

	// Owned by the broadcast's goroutine.
	base time.Duration // when the session began, since the server's epoch
	wall time.Time     // when the session began
}

// listing is a playlist of a session: its name, and that which it has in the muxer of a rendition.
type listing struct {
	file, inner string
	rung        *rung
}

// newSession returns a session that begins with IDRs of these units, one for each rendition, at a time since
// the server's epoch, which was at wall. Its sound is Opus, or both Opus and AAC.
func newSession(b *broadcast, all []pictureUnits, both bool, at time.Duration, wall time.Time) (*session, error) {
	s := &session{id: newID(), room: b.room, of: b, base: at, wall: wall}
	s.sound = newSound(b.mix.AudioChannels(), both)
	for i, p := range all {
		list, tracks := videoList, s.sound.tracks()
		if i > 0 {
			list, tracks = fmt.Sprintf("video%d_stream.m3u8", i+1), nil // signaling knows these names
		}
		r, err := newRung(b.rungs[i], p, list, tracks, func(err error) { b.log.Debug("broadcast", "note", err) })
		if err != nil {
			s.close()
			return nil, err
		}
		s.rungs = append(s.rungs, r)
		s.lists = append(s.lists, listing{list, videoList, r})
	}
	for _, v := range s.sound.voices {
		s.lists = append(s.lists, listing{v.list, v.list, s.rungs[0]})
	}
	b.home.memory.goOn(s)
	return s, nil
}

// begin has the session served, and announces it when the first segments are whole.
func (s *session) begin() {
	s.of.home.keep(s)
	s.first.Go(func() {
		var texts []string
		for _, l := range s.lists {
			a := l.rung.ask(l.inner, "") // returns at the first segment, or at the end
			if a.status != http.StatusOK {
				return
			}
			texts = append(texts, a.body.String())
		}
		s.scribe.settle(texts)
		s.of.announce(s)
	})
}

// fits reports whether an IDR has the parameter sets of a rendition of the session.
func (s *session) fits(n int, p pictureUnits) bool { return s.rungs[n].fits(p) }

// picture adds an access unit of a rendition.
func (s *session) picture(n int, p pictureUnits, u *intake.Unit) error {
	r := s.rungs[n]
	at := r.place(u.At - s.base)
	if u.Key {
		r.key = append(r.key[:0], u.Data...)
	}
	if n == 0 {
		s.sound.follow(r.muxer, s.wall, at) // before the picture, which may end a part
	}
	ended, err := r.write(p, u.Key, at, s.wall.Add(at))
	if err != nil || n > 0 || ended == 0 {
		return err
	}
	s.sound.cut(ended)
	s.of.home.memory.note(s)
	return nil
}

// packet adds a packet of Opus. The muxer drops packets before the first picture.
func (s *session) packet(u *intake.Unit) {
	if err := s.sound.packet(s.rungs[0].muxer, s.wall, u.At-s.base, u.Data); err != nil {
		s.of.log.Debug("packet not broadcast", "error", err)
	}
}

// frame adds a frame of AAC, which belongs to the session from now on.
func (s *session) frame(frame []byte, at time.Duration) {
	if err := s.sound.frame(s.rungs[0].muxer, s.wall, at-s.base, frame); err != nil {
		s.of.log.Debug("sound not broadcast", "error", err)
	}
}

// finish ends the session. Its files are served until drop.
func (s *session) finish() {
	defer s.of.home.memory.forget(s)
	for _, r := range s.rungs {
		r.finish(s.wall)
	}
	s.conclude()
	s.close()
	s.first.Wait()
	s.of.announce(nil)
}

// whole is how many segments are whole.
func (s *session) whole() int {
	if len(s.rungs) == 0 {
		return 0
	}
	return s.rungs[0].whole
}

func (s *session) close() {
	for _, r := range s.rungs {
		r.muxer.Close()
	}
}

func (s *session) drop() { s.of.home.forget(s) }
