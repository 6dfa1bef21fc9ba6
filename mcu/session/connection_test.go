package session

import (
	"errors"
	"image"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/handshake"
	"tilemix/mcu/mcutest/clocks"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc"
	"tilemix/mcu/silence"
)

func TestMain(m *testing.M) { poll.Main(m) }

// connected returns a session with a connection that nobody has answered.
func connected(t *testing.T, h *host) *Session {
	t.Helper()
	api, err := rtc.NewAPI(rtc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	events := h.events()
	events.Connected, events.ControlOpened, events.ControlClosed = func() {}, func() {}, func() {}
	events.Disconnected, events.KeyFrame = func(bool) {}, func() {}
	s, err := New(Options{Name: "Ada", Resumable: true}, Env{
		API: api, Handshakes: handshake.New(make(chan struct{}, 2)),
		Metrics: NewMetrics(), Ground: (&host{}).ground(nil, nil),
	}, events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		_ = api.Close()
	})
	return s
}

// TestReplace gives a session another connection: what is asked for over the old control
// connection fails, what is asked for over any goes to the new one.
func TestReplace(t *testing.T) {
	s := connected(t, &host{})
	var old, newer []control.Message
	cuts := 0
	c := NewControl(s, func(m control.Message) { old = append(old, m) }, func() { cuts++ })
	c.OpenChannel()
	first := s.conn.Load()
	conn, err := s.NewConnection(false)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Replace(conn, func(m control.Message) { newer = append(newer, m) }, nil); got != first || cuts != 1 || c.Number() != 1 {
		t.Errorf("the old one is returned: %v, %d cuts, number %d", got == first, cuts, c.Number())
	}
	first.Close()
	c.Send(control.Chat{Text: "x"})
	if len(old) != 0 || len(newer) != 1 || c.channel {
		t.Errorf("%d messages by the old connection, %d by the new one, channel %v", len(old), len(newer), c.channel)
	}
	for _, x := range []struct {
		number int
		closed bool
	}{{0, true}, {1, false}, {2, true}, {-1, false}} {
		if _, err := s.Offer(t.Context(), x.number, "no SDP"); errors.Is(err, ErrClosed) != x.closed || err == nil {
			t.Errorf("an offer over %d: %v", x.number, err)
		}
		if err := s.AddCandidate(x.number, control.CandidateInit{}); errors.Is(err, ErrClosed) != x.closed {
			t.Errorf("a candidate over %d: %v", x.number, err)
		}
	}
	third, err := s.NewConnection(false)
	if err != nil {
		t.Fatal(err)
	}
	c.Replace(third, nil, nil).Close() // nothing to cut
	if c.Reaches() || c.Number() != 2 {
		t.Errorf("without a control connection it reaches the client: %v, number %d", c.Reaches(), c.Number())
	}
}

// TestNotReady has a connection without an answer: nothing can be sent, and to want a size
// does no harm.
func TestNotReady(t *testing.T) {
	s := connected(t, &host{})
	if s.Picture() != nil || s.Sound() != nil {
		t.Error("a stream is ready before there is an answer")
	}
	s.Want(image.Pt(640, 360))
	s.Established()
	s.Established() // does nothing
}

// TestSecrets: two sessions share no name.
func TestSecrets(t *testing.T) {
	seen := make(map[string]bool)
	for range 50 {
		s := newSession(t, &host{}, Options{Resumable: true})
		for _, name := range []string{s.ID(), s.PublicID(), s.Token()} {
			if name == "" || seen[name] {
				t.Errorf("%q is used twice, or empty", name)
			}
			seen[name] = true
		}
		if len(s.PublicID()) != 8 || len(s.ID()) < 20 || len(s.Token()) < 20 {
			t.Errorf("the names are %q, %q and %q", s.PublicID(), s.ID(), s.Token())
		}
	}
	if s := newSession(t, &host{}, Options{}); s.Token() != "" {
		t.Error("a session that cannot come back has a token")
	}
}

// TestUnbound has streams come that belong to nothing: why is known until another connection comes.
// A repair of a stream that is not known says nothing of that stream.
func TestUnbound(t *testing.T) {
	s := connected(t, &host{})
	conn := s.conn.Load()
	unbound := conn.unbound(s)
	unbound(1, 97, "repair-unbound")
	if _, _, lost := s.Sends(); lost != "" {
		t.Errorf("after a repair: %q", lost)
	}
	unbound(2, 98, "codec-refused")
	if audio, video, lost := s.Sends(); audio || video || lost != silence.Refused {
		t.Errorf("after a codec that was refused: %v, %v, %q", audio, video, lost)
	}
	newer, err := s.NewConnection(false)
	if err != nil {
		t.Fatal(err)
	}
	NewControl(s, nil, nil).Replace(newer, nil, nil)
	conn.Close()
	if _, _, lost := s.Sends(); lost != "" {
		t.Errorf("over another connection: %q", lost)
	}
}

// TestClockSet has the machine's clock set by an hour, back and forward: a client that sends has not vanished by it,
// and one that does not has.
func TestClockSet(t *testing.T) {
	s, now := connected(t, &host{}), time.Now()
	if s.Silent(now) != 0 {
		t.Error("nothing has come yet")
	}
	s.heard.Store(s.base.At(now))
	for _, by := range []time.Duration{0, -time.Hour, time.Hour} {
		if got := s.Silent(clocks.Set(now.Add(3*time.Second), by)); got != 3*time.Second {
			t.Errorf("with a clock set by %v it was silent for %v", by, got)
		}
	}
}
