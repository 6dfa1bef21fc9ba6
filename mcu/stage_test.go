package mcu_test

import (
	"fmt"
	"image"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/malloc"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mixer/layout"
)

func TestMain(m *testing.M) {
	malloc.Bound() // as the server does
	if len(os.Args) > 1 && os.Args[1] == codecWorker {
		os.Exit(serveCodecs())
	}
	if os.Getenv(benchServer) != "" {
		os.Exit(serveBench())
	}
	mcutest.Main(m)
}

// stage is a running server with guests.
type stage struct {
	*mcutest.Stage
	t   testing.TB
	cfg mcu.Config
}

func small() mcu.Config { return mcutest.Small() }

func serve(t testing.TB, cfg mcu.Config) *stage {
	t.Helper()
	return &stage{mcutest.Serve(t, cfg), t, cfg}
}

// sub returns the stage for a subtest that runs beside others.
func (s *stage) sub(t testing.TB) *stage { return &stage{s.Within(t), t, s.cfg} }

func (s *stage) await(what string, ok func() bool) {
	s.t.Helper()
	poll.Until(s.t, what, ok)
}

func (s *stage) metric(name string, values ...string) float64 {
	s.t.Helper()
	return s.Metric(name, values...)
}

// inTime fails the test where something took longer than it may. While others have the machine it is not judged, because
// that measures the machine.
func inTime(t testing.TB, what string, took, most time.Duration, crowd func() float64) {
	t.Helper()
	if took <= most {
		return
	}
	if others := crowd(); others > poll.Crowded {
		t.Logf("not judged: %s after %v, others have %.2f cores", what, took, others)
		return
	}
	t.Errorf("%s after %v, not %v", what, took, most)
}

// blame fails the test where somebody's picture or line became bad. While others have the machine it is not judged,
// because a camera that stands still for 1.2 s is dimmed.
func blame(t testing.TB, crowd func() float64, format string, args ...any) {
	t.Helper()
	if others := crowd(); others > poll.Crowded {
		t.Logf("not judged, others have %.2f cores: "+format, append([]any{others}, args...)...)
		return
	}
	t.Errorf(format, args...)
}

// guest is a client in a room.
type guest struct {
	*rtctest.Client
	p      *mcu.Participant
	id     string // as others know the guest
	answer string // the server's, to the guest's offer
	news   inbox
}

// join connects a client.
func (s *stage) join(room, name string, o rtctest.Options) *guest {
	s.t.Helper()
	g, err := s.enter(room, name, o)
	if err != nil {
		s.t.Fatalf("%s joins %s: %v", name, room, err)
	}
	return g
}

// joinOver connects a client over a line whose estimate the test sets.
func (s *stage) joinOver(room, name string, o rtctest.Options, l *mcu.Line) *guest {
	s.t.Helper()
	o.Feedback = true
	g, err := s.enterOver(room, name, o, l)
	if err != nil {
		s.t.Fatalf("%s joins %s: %v", name, room, err)
	}
	return g
}

// enter is join for those that may be refused.
func (s *stage) enter(room, name string, o rtctest.Options) (*guest, error) {
	s.t.Helper()
	return s.enterOver(room, name, o, nil)
}

func (s *stage) enterOver(room, name string, o rtctest.Options, l *mcu.Line) (*guest, error) {
	s.t.Helper()
	g := &guest{}
	join := mcu.JoinOptions{
		Room: room, Name: name, Send: g.news.put,
		Viewer: o.Direction == webrtc.RTPTransceiverDirectionRecvonly,
	}
	if l != nil {
		join = join.Over(l)
	}
	var err error
	g.p, err = s.Join(join)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() {
		g.p.Leave()
		<-g.p.Done()
	})
	g.id = next(s.t, &g.news, "a welcome", func(control.Welcome) bool { return true }).ID
	g.Client = rtctest.New(s.t, o)
	if g.answer, err = g.Connect(s.t.Context(), g.p); err != nil {
		return g, err
	}
	s.await("a seat for "+name, g.p.HasTile)
	return g, nil
}

// leave ends a guest's session and waits until the guest is gone.
func (s *stage) leave(g *guest) {
	g.p.Leave()
	<-g.p.Done()
	g.Close()
}

// inbox keeps the control messages that somebody got.
type inbox struct {
	mu   sync.Mutex
	all  []control.Message
	at   []time.Time // when each came
	wake chan struct{}
}

func (b *inbox) put(m control.Message) {
	m = control.Plain(m)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, m)
	b.at = append(b.at, time.Now())
	if b.wake != nil {
		close(b.wake)
		b.wake = nil
	}
}

// of returns the messages of a type so far.
func of[M control.Message](b *inbox) []M {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []M
	for _, m := range b.all {
		if m, ok := m.(M); ok {
			all = append(all, m)
		}
	}
	return all
}

// next returns the newest message of a type for which ok holds, as soon as there is one.
func next[M control.Message](t testing.TB, b *inbox, what string, ok func(M) bool) M {
	t.Helper()
	patience := time.After(rtctest.Patience)
	for {
		b.mu.Lock()
		for _, m := range slices.Backward(b.all) {
			if m, is := m.(M); is && ok(m) {
				defer b.mu.Unlock()
				return m
			}
		}
		if b.wake == nil {
			b.wake = make(chan struct{})
		}
		wake := b.wake
		b.mu.Unlock()
		select {
		case <-wake:
		case <-patience:
			t.Fatalf("waited for %s", what)
		}
	}
}

// place returns where the grid has the tile of each guest, in order of joining.
func (s *stage) place(guests ...*guest) map[*guest]image.Rectangle {
	who := make([]layout.Source, len(guests))
	for i, g := range guests {
		who[i].ID.Participant = g.id
	}
	tiles := layout.Grid(image.Pt(s.cfg.Width, s.cfg.Height), who)
	places := map[*guest]image.Rectangle{}
	for i, tile := range tiles {
		places[guests[i]] = tile.Rect
	}
	return places
}

// face is the part of a tile where only the picture is: not its border, its name
// or its initials.
func face(tile image.Rectangle) image.Rectangle {
	return image.Rect(
		tile.Min.X+tile.Dx()/8, tile.Min.Y+tile.Dy()/8,
		tile.Max.X-tile.Dx()/8, tile.Min.Y+tile.Dy()/4)
}

// shows tells whether a tile has a colour.
func shows(img *image.YCbCr, tile image.Rectangle, want signal.Colour) error {
	if got := signal.Mean(img, face(tile)); got.Distance(want) > 8 {
		return fmt.Errorf("tile %v is %v, not %v", tile, got, want)
	}
	return nil
}

// film sends a picture of one colour.
func film(g *guest, c signal.Colour) (stop func()) {
	return g.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) { c.Paint(img) }})
}

var (
	red   = signal.Colour{Y: 90, Cb: 90, Cr: 220}
	green = signal.Colour{Y: 150, Cb: 60, Cr: 60}
	blue  = signal.Colour{Y: 60, Cb: 220, Cr: 110}
	white = signal.Colour{Y: 235, Cb: 128, Cr: 128}
	grey  = signal.Colour{Y: 100, Cb: 128, Cr: 128}

	// Directions of what a client does.
	publisher = rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly}
	viewer    = rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	both      = rtctest.Options{}
)
