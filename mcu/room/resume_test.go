package room

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/handshake"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/presence"
	"tilemix/mcu/rtc"
	"tilemix/mcu/session"
)

func TestMain(m *testing.M) { poll.Main(m) }

// client is a participant with a connection, which waits for an offer that never comes.
type client struct {
	*Participant
	mu  sync.Mutex
	got []control.Message
	cut int
}

// send takes a message of the room's.
func (c *client) send(m control.Message) {
	m = control.Plain(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m)
}

// welcomed returns the newest resume token that the client was sent, and how many.
func (c *client) welcomed() (token string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.got {
		if w, ok := m.(control.Welcome); ok {
			token = w.Resume
			n++
		}
	}
	return token, n
}

func (c *client) options(name string) Options {
	return Options{
		Options: session.Options{Name: name, Resumable: true},
		Send:    c.send,
		Cut:     func() { c.mu.Lock(); c.cut++; c.mu.Unlock() },
	}
}

// real runs a test in a room whose participants have connections.
func real(t *testing.T, test func(*call)) {
	t.Helper()
	api, err := rtc.NewAPI(rtc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := &call{t: t}
	env := c.settings(25)
	env.API, env.Handshakes = api, handshake.New(env.DecodeSlot)
	if c.Room, err = New("call", env); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	test(c)
	cancel()
	running.Wait()
	if err := api.Close(); err != nil {
		t.Error(err)
	}
}

// arrives joins, and waits until the loop has greeted the client.
func (c *call) arrives(name string) *client {
	c.t.Helper()
	cl := &client{}
	p, err := c.Join(cl.options(name))
	if err != nil {
		c.t.Fatal(err)
	}
	cl.Participant = p
	return cl
}

// TestResume comes back: the participant is the same, over another control connection, and
// what the old one still says is ignored.
func TestResume(t *testing.T) {
	real(t, func(c *call) {
		ada := c.arrives("Ada")
		token, _ := ada.welcomed()
		again := &client{}
		p, number, err := c.Resume(again.options("Ada"), token)
		if err != nil || p != ada.Participant || number != 1 {
			t.Fatalf("%v, number %d, the same: %v", err, number, p == ada.Participant)
		}
		if next, n := again.welcomed(); n != 1 || next != token {
			t.Errorf("the client that came back was greeted %d times, with the token %q", n, next)
		}
		if ada.cut != 1 || again.cut != 0 {
			t.Errorf("the old control connection was cut %d times, the new one %d", ada.cut, again.cut)
		}
		_, before := ada.welcomed()
		p.LeaveBy(0)
		p.Lose(0, true)
		if _, err := p.OfferBy(t.Context(), 0, "v=0"); !errors.Is(err, ErrClosed) {
			t.Errorf("an offer over the old connection: %v", err)
		}
		if err := p.AddCandidateBy(0, control.CandidateInit{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a candidate over the old connection: %v", err)
		}
		if found, err := c.Participant(p.ID()); err != nil || found != p {
			t.Errorf("the old connection ended the participant: %v", err)
		}
		if _, after := ada.welcomed(); after != before {
			t.Error("the old connection is sent messages")
		}
		p.LeaveBy(1)
		<-p.Done()
		if _, _, err := c.Resume(again.options("Ada"), token); !errors.Is(err, ErrNotFound) {
			t.Errorf("a participant that left comes back: %v", err)
		}
	})
}

// TestResumeTooOften comes back again and again: five times, and once more each second, then it is refused, and the
// participant stays.
func TestResumeTooOften(t *testing.T) {
	real(t, func(c *call) {
		ada := c.arrives("Ada")
		token, _ := ada.welcomed()
		began := time.Now()
		for want := 1; ; want++ {
			_, number, err := c.Resume((&client{}).options("Ada"), token)
			took := time.Since(began)
			if want > 5 && errors.Is(err, ErrTooOften) {
				break
			}
			if err != nil || number != want || want > 5+int(took.Seconds()) {
				t.Fatalf("time %d in %v: number %d, %v", want, took, number, err)
			}
		}
		if _, err := c.Participant(ada.ID()); err != nil {
			t.Errorf("the participant is gone: %v", err)
		}
	})
}

// TestJoining has a participant whose connection does not stand: nobody is told of it, it has no
// tile, and leaves as soon as its control connection is lost.
func TestJoining(t *testing.T) {
	real(t, func(c *call) {
		ada, ben := c.arrives("Ada"), c.arrives("Ben")
		if s := c.Scene(); len(s.Members) != 0 || len(s.Viewers) != 0 || len(c.events) != 0 {
			t.Errorf("%d members, %d viewers, events %v", len(s.Members), len(s.Viewers), c.events)
		}
		if ada.HasTile() {
			t.Error("a participant without media has a tile")
		}
		ada.Lose(0, false)
		<-ada.Done()
		c.call(func() {
			if s := ben.member.presence.State(); s != presence.Joining {
				t.Errorf("Ben is %v", s)
			}
		})
		if _, err := ben.Offer(t.Context(), "no SDP"); err == nil || errors.Is(err, ErrClosed) {
			t.Errorf("an offer that is none: %v", err)
		}
		c.controls(ben.member)
	})
}

// controls has the client of a member open a data channel: it is told everything anew.
func (c *call) controls(m *member) {
	c.t.Helper()
	cl := m.participant
	c.call(func() {
		m.requested.Decide(m.constraints, now())
		c.loop.controlOpened(m)
		if !m.control.Reaches() {
			c.t.Errorf("%s is not reached", cl.ID())
		}
	})
}
