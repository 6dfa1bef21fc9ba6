package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
	"tilemix/mcu/silence"
	"tilemix/mixer/layout"
)

// besideTime (20 s) is how long a connection beside another one has until it stands.
const besideTime = 20 * time.Second

// Beside is a second connection of a participant, by which another client brings its screen: all video of it is the
// screen, and all sound that of the screen. It receives nothing, and ends with the participant. It is safe for
// concurrent use. It has pion's goroutines and one for each track, which Session.Close waits for. The caller sets the
// exported fields and calls Open once, before all else.
type Beside struct {
	Session *Session
	Away    bool // its client is on another machine

	id   string
	peer *rtc.Peer
	life context.Context
	end  context.CancelFunc
	done chan struct{} // closed when all of it has ended
}

// screenTrack is a track that is a screen, or the sound of one, whatever its offer says.
type screenTrack struct{ *rtc.Track }

// Screen says so.
func (screenTrack) Screen() bool { return true }

// Open makes the connection. Errors are control.ErrScreen where the session has one beside it already, and ErrClosed
// where the participant has left.
func (b *Beside) Open() error {
	s := b.Session
	b.id, b.done = rand.Text(), make(chan struct{})
	b.life, b.end = context.WithCancel(s.life)
	if !s.attend() {
		b.end()
		return ErrClosed
	}
	if !s.beside.CompareAndSwap(nil, b) {
		b.end()
		s.playing.Done()
		return control.ErrScreen
	}
	stood := new(atomic.Bool)
	peer, err := s.env.API.NewPeer(rtc.Events{
		Video:    func(t *rtc.Track) { s.runVideo(screenTrack{t}) },
		Audio:    func(t *rtc.Track) { s.runAudio(screenTrack{t}) },
		KeyFrame: func() {}, Control: func([]byte) {}, ControlOpen: func() {}, ControlClosed: func() {},
		Connected: func() { stood.Store(true) }, Failed: b.end, Ended: b.end,
		Unbound: func(_ uint32, _ uint8, why string) {
			s.Log().Warn("a screen is not what was answered", "reason", silence.Reason(why))
		},
	})
	if err != nil {
		b.end()
		s.beside.Store(nil)
		s.playing.Done()
		return fmt.Errorf("connection for a screen: %w", err)
	}
	(&Connection{}).use(peer, b.Away, s.env.Stereo)
	b.peer = peer
	late := time.AfterFunc(besideTime, func() {
		if !stood.Load() {
			b.end()
		}
	})
	context.AfterFunc(b.life, func() {
		late.Stop()
		peer.Close()
		s.beside.CompareAndSwap(b, nil)
		close(b.done)
		s.playing.Done()
	})
	return nil
}

// instead ends the connection beside that of a session where that brings a screen itself.
func instead(s *Session, t track) {
	if b := s.beside.Load(); b != nil && kindOf(t) == layout.Screen {
		b.end()
	}
}

// ID returns the secret name of the connection.
func (b *Beside) ID() string { return b.id }

// Offer takes an SDP offer and returns the answer, with all of the server's candidates in it.
func (b *Beside) Offer(ctx context.Context, sdp string) (string, error) {
	return b.peer.Offer(ctx, sdp)
}

// Candidate adds a candidate of the client's.
func (b *Beside) Candidate(c control.CandidateInit) error { return b.peer.AddCandidate(c.Candidate) }

// Command does nothing, because the client shares a screen and no more.
func (*Beside) Command(control.Message) {}

// Leave ends the connection. It returns at once; a second Leave does nothing.
func (b *Beside) Leave() { b.end() }

// Lose does nothing: the connection has no control connection.
func (*Beside) Lose(bool) {}

// Done is closed when all of the connection has ended.
func (b *Beside) Done() <-chan struct{} { return b.done }

// AfterLeave has f run in a goroutine of its own as the connection ends, or at once if it has.
func (b *Beside) AfterLeave(f func()) { context.AfterFunc(b.life, f) }
