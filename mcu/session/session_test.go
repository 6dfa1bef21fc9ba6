package session

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/media"
)

// host is a room that runs what it is given at once.
type host struct {
	ended bool
	mics  []*Mic
	over  int
	taps  []media.Tap
}

func (h *host) run(f func()) bool {
	if !h.ended {
		f()
	}
	return !h.ended
}

func (h *host) events() Events {
	return Events{
		Post: h.run, Call: h.run,
		Present:       func() bool { return !h.ended },
		SetMicrophone: func(m *Mic) { h.mics = append(h.mics, m) },
		EndMicrophone: func(m *Mic) { h.over++; _ = m.Close() },
	}
}

// ground is that of a room.
func (h *host) ground(pool *yuv.Pool, codecs media.VideoCodecs) Ground {
	return Ground{Pool: pool, Codecs: codecs, Taps: func() []media.Tap { return h.taps }, Log: slog.New(slog.DiscardHandler)}
}

func newSession(t *testing.T, h *host, o Options) *Session {
	t.Helper()
	o.Injected = true
	s, err := New(o, Env{Metrics: NewMetrics(), Ground: h.ground(nil, nil)}, h.events())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// packets is a source of some Opus packets.
type packets int

func (n *packets) Read(p *rtp.Packet) error {
	if *n--; *n < 0 {
		return io.EOF
	}
	*p = rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(100 - *n), Timestamp: uint32(960 * (100 - *n))}, Payload: []byte{0xfc, 0xff, 0xfe}}
	return nil
}
func (*packets) Reported() (uint64, uint32, bool) { return 0, 0, false }

// sounds is a tap that counts.
type sounds struct {
	media.Tap
	n  int
	id string
}

func (s *sounds) Sound(id string, _ []byte, _ media.Time) { s.n++; s.id = id }

// TestPlay plays a source: its packets reach the microphone and the taps until it ends.
func TestPlay(t *testing.T) {
	tap := &sounds{}
	h := &host{taps: []media.Tap{tap}}
	s := newSession(t, h, Options{Name: "Ada"})
	n := packets(7)
	s.PlayAudio(&n)
	if len(h.mics) != 1 || h.over != 1 || tap.n != 7 || tap.id != s.PublicID() {
		t.Errorf("%d microphones, %d ended, the tap has %d packets", len(h.mics), h.over, tap.n)
	}
	if got := s.env.Metrics.voice.Total().Received; got != 7 {
		t.Errorf("%d packets are counted", got)
	}
}

// TestPlayAfterTheEnd plays a source when the participant, or its room, is gone.
func TestPlayAfterTheEnd(t *testing.T) {
	h := &host{}
	s := newSession(t, h, Options{})
	s.Close()
	n := packets(7)
	s.PlayAudio(&n)
	if n != 7 {
		t.Error("a source is read of a participant that left")
	}
	h.ended = true
	s.PlayAudio(&n)
	if len(h.mics) > 1 {
		t.Error("a room that ended is given a microphone")
	}
}

// TestViewerPublishesNothing plays a source as a viewer.
func TestViewerPublishesNothing(t *testing.T) {
	h := &host{}
	n := packets(7)
	newSession(t, h, Options{Viewer: true}).PlayAudio(&n)
	if len(h.mics) > 0 || n != 7 {
		t.Errorf("%d microphones, %d packets are left", len(h.mics), n)
	}
}

// TestInjected has no connection: what is asked of one fails.
func TestInjected(t *testing.T) {
	s := newSession(t, &host{}, Options{Resumable: true})
	if s.Token() == "" || s.ID() == s.PublicID() || s.ID() == s.Token() {
		t.Error("the token is empty, or no secret")
	}
	if _, err := s.Offer(context.Background(), -1, "v=0"); !errors.Is(err, ErrClosed) {
		t.Errorf("an offer: %v", err)
	}
	if err := s.AddCandidate(0, control.CandidateInit{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a candidate: %v", err)
	}
	if s.Picture() != nil || s.Sound() != nil {
		t.Error("it receives something")
	}
	left := make(chan struct{})
	s.AfterLeave(func() { close(left) })
	s.Close()
	<-left
	s.Finish()
	<-s.Done()
}

// TestMayResume comes back again and again: five times at once, and once a second.
func TestMayResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, &host{}, Options{Resumable: true})
		n := 0
		for range 100 {
			if s.MayResume() {
				n++
			}
		}
		<-time.After(time.Second)
		if n != resumeBurst || !s.MayResume() || s.MayResume() {
			t.Errorf("it came back %d times at once", n)
		}
	})
}

// TestControl sends by the ways that a client has.
func TestControl(t *testing.T) {
	s := newSession(t, &host{}, Options{})
	var got []control.Message
	c := NewControl(s, func(m control.Message) { got = append(got, m) }, nil)
	if !c.Reaches() || c.Number() != 0 {
		t.Errorf("it reaches the client: %v, by control connection %d", c.Reaches(), c.Number())
	}
	c.Send(control.Chat{Text: "x"})
	if len(got) != 1 {
		t.Errorf("%d messages were sent", len(got))
	}
	silent := NewControl(s, nil, nil)
	if silent.Reaches() {
		t.Error("a client without any control connection is reached")
	}
	silent.Send(control.Chat{Text: "x"}) // goes nowhere
}

// limits keeps what it was asked for.
type limits []int

func (l *limits) LimitBitrate(bps int) { *l = append(*l, bps) }

// TestLimiter repeats a limit once a second, and lifts it once.
func TestLimiter(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var l limiter
	var got limits
	for _, c := range []struct {
		at   time.Duration
		bps  int64
		want int // what is asked for; 0: nothing
	}{
		{0, 0, 0},
		{time.Millisecond, 500_000, 500_000},
		{500 * time.Millisecond, 500_000, 0},
		{600 * time.Millisecond, 300_000, 300_000},
		{1500 * time.Millisecond, 300_000, 0},
		{1600 * time.Millisecond, 300_000, 300_000},
		{1700 * time.Millisecond, 0, limitNone},
		{5 * time.Second, 0, 0},
	} {
		before := len(got)
		l.limit(&got, c.bps, start.Add(c.at))
		switch {
		case c.want == 0 && len(got) > before, c.want != 0 && (len(got) == before || got[before] != c.want):
			t.Errorf("at %v: asked for %v", c.at, got[before:])
		}
	}
}
