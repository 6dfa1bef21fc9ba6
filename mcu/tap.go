package mcu

import (
	"fmt"
	"slices"
	"time"

	"tilemix/codec"
	"tilemix/codec/table"
)

// Tap takes what each participant of a room sends, as it came, and who comes and goes.
// Joined and Left are called by the room's loop, Picture and Sound by the goroutine of
// each track, so some may be called at once. None may block. What they are given is
// valid during the call only.
type Tap interface {
	// Joined is called for those who are there, and for each who comes later.
	Joined(id, name string, at time.Duration)
	Left(id string, at time.Duration)
	// Picture takes an access unit (see codec.AccessUnit). Where n is not one more than
	// before, some are missing, and what follows needs them up to the next key frame. It
	// tells whether the tap needs a key frame now; then the sender is asked for one, once a
	// second at most, so a request that is lost is made up for by the next picture's.
	Picture(id string, kind codec.Kind, n uint64, au []byte, key bool, at Instant) (needKey bool)
	// Sound takes an Opus packet. They come as the network has them: late, twice.
	Sound(id string, packet []byte, at Instant)
}

// Instant is when something was taken, as far as the server knows.
type Instant struct {
	Arrived   time.Duration // since the room's epoch; a picture's is that of a line without jitter
	Captured  time.Time     // by the sender's clock; zero before his first report
	Timestamp uint32        // RTP
}

// Tap gives what participants of a room send to a tap until untap is called or the
// room ends. Every camera that is on is asked for an IDR.
func (s *Server) Tap(room string, t Tap) (untap func(), err error) {
	r := s.room(room)
	if r == nil || !r.call(func() { r.tap(t) }) {
		return nil, fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	return func() { r.post(func() { r.untap(t) }) }, nil
}

func (r *Room) tap(t Tap) {
	all := append(slices.Clone(r.tapped()), t)
	r.taps.Store(&all)
	now := time.Now()
	for _, p := range r.members {
		if !p.viewer {
			t.Joined(p.public, p.name, now.Sub(r.epoch))
		}
	}
	r.askKeyFrames(now)
}

// AskKeyFrames asks every camera that is on in a room for an IDR, for a tap that is to
// go on where none need send a picture soon that it could ask with.
func (s *Server) AskKeyFrames(room string) {
	if r := s.room(room); r != nil {
		r.post(func() { r.askKeyFrames(time.Now()) })
	}
}

func (r *Room) askKeyFrames(now time.Time) {
	for _, p := range r.members {
		if p.video != nil {
			p.video.AskKeyFrame(now)
		}
	}
}

func (r *Room) tapJoined(p *Participant, now time.Time) {
	for _, t := range r.tapped() {
		if !p.viewer {
			t.Joined(p.public, p.name, now.Sub(r.epoch))
		}
	}
}

func (r *Room) tapLeft(p *Participant, now time.Time) {
	for _, t := range r.tapped() {
		if !p.viewer {
			t.Left(p.public, now.Sub(r.epoch))
		}
	}
}

func (r *Room) untap(t Tap) {
	all := slices.DeleteFunc(slices.Clone(r.tapped()), func(o Tap) bool { return o == t })
	r.taps.Store(&all)
}

func (r *Room) tapped() []Tap {
	if all := r.taps.Load(); all != nil {
		return *all
	}
	return nil
}

// tapPicture gives a participant's access unit to the taps, and tells whether one of them
// needs an IDR.
func (p *Participant) tapPicture(spoken *table.Video, n uint64, au []byte, at Instant) (needKey bool) {
	all := p.room.tapped()
	if len(all) == 0 {
		return false
	}
	key := spoken.IsKey(au)
	for _, t := range all {
		needKey = t.Picture(p.public, spoken.Kind, n, au, key, at) || needKey
	}
	return needKey
}
