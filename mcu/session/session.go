package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/elapsed"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/send"
)

const (
	// A client may send controlRate (20) messages a second over its data channel, and
	// controlBurst (100) at once.
	controlRate  = 20
	controlBurst = 100
	// A client may come back resumeRate (once) a second, and resumeBurst (5) times at
	// once, because each time a connection is made and one is ended.
	resumeRate  = 1
	resumeBurst = 5
	// settling (1 ms) is the time between two looks at whether the writers of a large room have
	// sent what they have for a client that moves.
	settling = time.Millisecond
)

// ErrClosed is returned for what a control connection asks that was replaced.
var ErrClosed = errors.New("closed")

// Session is one client. It is safe for concurrent use.
type Session struct {
	Options
	Stay   stay
	id     string                 // secret: a client that knows it may end the session
	public string                 // others know the participant by it
	token  string                 // to come back with; "": it cannot
	known  atomic.Pointer[string] // see Know

	env    Env
	events Events
	on     atomic.Pointer[footing] // another once the session has moved to another room

	conn  atomic.Pointer[Connection] // that it has now; nil: it is injected
	pace  *rate.Limiter              // of the data channel
	back  *rate.Limiter              // of coming back
	limit atomic.Int64               // of all that it sends, bits a second; 0: none
	base  elapsed.Base
	heard atomic.Int64 // when media came last by its connection, of base; 0: not yet

	life    context.Context // ends as it leaves
	end     context.CancelFunc
	done    chan struct{}
	hurry   func()         // ends the priority of its handshake
	playing sync.WaitGroup // sources that feed it, and beside
	beside  atomic.Pointer[Beside]
}

// New returns a session with a connection, which waits for an offer.
func New(o Options, env Env, events Events) (*Session, error) {
	s := &Session{
		Options: o, id: rand.Text(), public: cmp.Or(o.ID, rand.Text()[:8]),
		env: env, events: events,
		pace:  rate.NewLimiter(controlRate, controlBurst),
		back:  rate.NewLimiter(resumeRate, resumeBurst),
		done:  make(chan struct{}),
		hurry: func() {},
	}
	s.Stay = newStay(s, env.Spans)
	s.Stand(env.Ground)
	s.life, s.end = context.WithCancel(context.Background())
	if o.Resumable {
		s.token = cmp.Or(o.Token, rand.Text())
	}
	if o.Injected {
		return s, nil
	}
	c, err := s.NewConnection(o.Away)
	if err != nil {
		s.end()
		return nil, err
	}
	s.conn.Store(c)
	s.hurry = env.Handshakes.Begin()
	return s, nil
}

// ID returns the secret name of the session.
func (s *Session) ID() string { return s.id }

// PublicID returns what others know the participant by.
func (s *Session) PublicID() string { return s.public }

// Token returns what the client may come back with, "" if it may not.
func (s *Session) Token() string { return s.token }

// Know takes note of the secret by which a client without a token comes back after a crash of the
// server. Secret returns the token, or that secret, "" for none.
func (s *Session) Know(secret string) { s.known.Store(&secret) }

// Secret is explained at Know.
func (s *Session) Secret() string {
	if known := s.known.Load(); known != nil {
		return *known
	}
	return s.token
}

// Log returns the session's logger.
func (s *Session) Log() *slog.Logger { return s.on.Load().log }

// Stand has the session stand on the ground of another room. With its next packet each track
// that it sends ends its camera or microphone and begins another one, which Events.SetCamera
// or Events.SetMicrophone then has. It is safe for concurrent use.
func (s *Session) Stand(g Ground) {
	s.on.Store(&footing{g, g.Log.With("participant", s.public)})
}

// MayResume tells whether the client may come back now, and counts that.
func (s *Session) MayResume() bool { return s.back.Allow() }

// LimitBitrate asks the sender for no more than a bitrate, in bits a second, until the next
// call; 0 is any. It is for clients without control messages.
func (s *Session) LimitBitrate(bps int64) { s.limit.Store(bps) }

// Silent returns how long no media has come by the session's connection, 0 if none ever came. It is
// safe for concurrent use.
func (s *Session) Silent(now time.Time) time.Duration {
	at := s.heard.Load()
	if at == 0 {
		return 0
	}
	return time.Duration(s.base.At(now) - at)
}

// Established says that the media connection stands, so that its handshake needs no more
// priority.
func (s *Session) Established() { s.hurry() }

// Picture and Sound return the streams to the client, nil where it does not receive now.
func (s *Session) Picture() *send.Downlink { return s.ready((*rtc.Peer).Video) }

// Sound is like Picture.
func (s *Session) Sound() *send.Downlink { return s.ready((*rtc.Peer).Audio) }

// HandOver has the streams to the client begin anew where another room's clocks feed them, as one
// unbroken stream each. The clocks that fed them have let go of them. It waits until their writers
// have sent what they had.
func (s *Session) HandOver() {
	c := s.conn.Load()
	if c == nil {
		return
	}
	for _, d := range []*send.Downlink{c.peer.Audio(), c.peer.Video()} {
		for !d.Settled() {
			time.Sleep(settling)
		}
		d.HandOver(time.Now())
	}
}

// Pair returns the addresses of the session's media connection for a log, nothing while it has none.
func (s *Session) Pair() []any {
	c := s.conn.Load()
	if c == nil {
		return nil
	}
	local, remote := c.peer.Pair()
	return []any{"local", local, "remote", remote}
}

func (s *Session) ready(of func(*rtc.Peer) *send.Downlink) *send.Downlink {
	c := s.conn.Load()
	if c == nil {
		return nil
	}
	if d := of(c.peer); d.Ready() {
		return d
	}
	return nil
}

// Offer takes an SDP offer that came by a control connection and returns the answer, with
// all of the server's candidates in it. A later offer renegotiates. ErrClosed says that
// the control connection was replaced; a negative number is whichever there is.
func (s *Session) Offer(ctx context.Context, control int, sdp string) (string, error) {
	c, err := s.by(control)
	if err != nil {
		return "", err
	}
	return c.peer.Offer(ctx, sdp)
}

// AddCandidate adds a candidate of the client's that came by a control connection. Errors
// are those of Offer.
func (s *Session) AddCandidate(control int, c control.CandidateInit) error {
	to, err := s.by(control)
	if err != nil {
		return err
	}
	return to.peer.AddCandidate(c.Candidate)
}

// by returns the session's connection, if it is the one of a control connection.
func (s *Session) by(control int) (*Connection, error) {
	if c := s.conn.Load(); c != nil && (control < 0 || control == c.number) {
		return c, nil
	}
	return nil, fmt.Errorf("%w: another connection has taken the place of this one", ErrClosed)
}

// Want says how large the participant's picture is shown, in pixels, for a client that sends it
// in layers. It is safe for concurrent use.
func (s *Session) Want(tile image.Point) {
	if c := s.conn.Load(); c != nil {
		c.peer.Want(tile)
	}
}

// Done is closed when the participant has left, for whatever reason.
func (s *Session) Done() <-chan struct{} { return s.done }

// AfterLeave has f run in a goroutine of its own as the participant leaves, or at once if
// it has.
func (s *Session) AfterLeave(f func()) { context.AfterFunc(s.life, f) }

// Close ends the connection and waits for all that runs on it.
func (s *Session) Close() {
	s.hurry()
	s.end()
	if c := s.conn.Load(); c != nil {
		c.peer.Close()
	}
	s.playing.Wait()
}

// Finish says that the participant has left, after Close.
func (s *Session) Finish() { close(s.done) }

// NewConnection makes a connection that is the session's once Control.Replace has it. Away says
// that the client is on another machine, so that answers name no loopback candidate.
func (s *Session) NewConnection(away bool) (*Connection, error) {
	c := &Connection{}
	current := func() bool { return s.conn.Load() == c }
	present := func(f func()) func() {
		return func() {
			s.events.Post(func() {
				if current() {
					f()
				}
			})
		}
	}
	run := func(f func()) {
		if current() {
			f()
		}
	}
	peer, err := s.env.API.NewPeer(rtc.Events{
		Video:       func(t *rtc.Track) { run(func() { instead(s, t); s.runVideo(t) }) },
		Audio:       func(t *rtc.Track) { run(func() { s.runAudio(t) }) },
		KeyFrame:    s.events.KeyFrame,
		Control:     s.parse,
		ControlOpen: present(s.events.ControlOpened), ControlClosed: present(s.events.ControlClosed),
		Connected: present(s.events.Connected),
		Failed:    present(func() { s.events.Disconnected(true) }),
		Ended:     present(func() { s.events.Disconnected(false) }),
		Unbound:   c.unbound(s),
	})
	if err != nil {
		return nil, err
	}
	c.use(peer, away, s.env.Stereo)
	return c, nil
}

// parse reads a message of the data channel. It runs in the channel's goroutine: while it
// waits no other message is read, and SCTP holds the client back.
func (s *Session) parse(data []byte) {
	if s.pace.Wait(s.life) != nil {
		return
	}
	m, err := control.Parse(data)
	s.events.Post(func() {
		if err != nil {
			s.events.Rejected(err)
			return
		}
		s.events.Command(m)
	})
}
