package broadcast

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/intake"
	"tilemix/mcu/mcutest/clocks"
	"tilemix/mcu/views"
)

func unit(data []byte, key bool) *intake.Unit { return &intake.Unit{Data: data, Video: true, Key: key} }

// TestAsksForPictures: a broadcast needs a segment each two seconds, and parts of a still room.
func TestAsksForPictures(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	if s.asked.KeyInterval != 2*time.Second || s.asked.PictureInterval > 100*time.Millisecond || s.asked.PictureInterval <= 0 {
		t.Errorf("it asks for %+v", s.asked)
	}
}

// TestTellsRoom: the room hears when it is broadcast and when no more, and once each.
func TestTellsRoom(t *testing.T) {
	cfg := Default()
	cfg.Linger = time.Millisecond
	s := newStage(t, cfg)
	var want []bool
	for range 50 {
		want = append(want, true, false)
		for range 2 {
			if _, _, err := s.Start("live", Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Stop(t.Context(), "live"); err != nil {
			t.Fatal(err)
		}
		if i, err := s.Stop(t.Context(), "live"); err != nil || i.State != Off {
			t.Errorf("stopped twice: %+v, %v", i, err)
		}
	}
	s.await("the last news", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Equal(s.told, want)
	})
}

// TestLookedAtMeanwhile: a broadcast is described and counted while its room does not answer yet.
func TestLookedAtMeanwhile(t *testing.T) {
	s := newStage(t, Default())
	s.busy = func() {
		if i, err := s.Get("live"); err != nil || i.State != Starting || i.DroppedPictures != 0 {
			t.Errorf("meanwhile: %+v, %v", i, err)
		}
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(s.Collectors()...)
		if _, err := registry.Gather(); err != nil {
			t.Errorf("meanwhile: %v", err)
		}
	}
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
}

// await waits for something that is to happen.
func (s *stage) await(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s", what)
		}
	}
}

// TestEndsWhileStarting: a player that waits for the first segment is answered when the broadcast ends
// without one, or when the player leaves.
func TestEndsWhileStarting(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wait := func(ctx context.Context) <-chan error {
		answered := make(chan error, 1)
		go func() {
			answered <- s.Serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil), "live", index)
		}()
		return answered
	}
	stays, leaves := wait(t.Context()), wait(ctx)
	cancel()
	if err := <-leaves; !errors.Is(err, context.Canceled) {
		t.Errorf("a player that left: %v", err)
	}
	s.picture(0, true) // a session, of which no segment is whole
	if _, err := s.Stop(t.Context(), "live"); err != nil {
		t.Fatal(err)
	}
	if err := <-stays; !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a player that stayed: %v", err)
	}
}

// TestFilesLinger: after the end, files and playlists stay for a while, and count as a broadcast.
func TestFilesLinger(t *testing.T) {
	ended := func(linger time.Duration) (s *stage, at string) {
		cfg := Default()
		cfg.MaxTotal, cfg.Linger = 1, linger
		s = newStage(t, cfg)
		if _, _, err := s.Start("live", Options{}); err != nil {
			t.Fatal(err)
		}
		s.roll(5*time.Second, 30, nil)
		at = s.media("video1")
		if _, err := s.Stop(t.Context(), "live"); err != nil {
			t.Fatal(err)
		}
		return s, at
	}
	s, at := ended(time.Hour)
	if body, err := s.ask(at); err != nil || !strings.Contains(body, "#EXT-X-ENDLIST") {
		t.Errorf("after the end: %v, %s", err, body)
	}
	if _, _, err := s.Start("live", Options{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("began while another lingers: %v", err)
	}
	s, at = ended(10 * time.Millisecond)
	s.await("the files to go", func() bool {
		_, err := s.ask(at)
		return errors.Is(err, mcu.ErrNotFound)
	})
	s.await("the place to be free", func() bool {
		_, _, err := s.Start("live", Options{})
		return err == nil
	})
}

// TestDemandBecomesWish: a broadcast that a player began, and somebody then wants, goes on without players.
func TestDemandBecomesWish(t *testing.T) {
	cfg := Default()
	cfg.OnDemand, cfg.Idle = true, 10*time.Second // in which also a busy machine wishes it
	s := newStage(t, cfg)
	player := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		player <- s.Serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil), "live", index)
	}()
	s.await("the player to begin it", func() bool { return s.get("live") != nil })
	if _, begun, err := s.Start("live", Options{}); err != nil || begun {
		t.Fatalf("begun is %v, %v", begun, err)
	}
	cancel()
	t.Logf("the player has gone: %v", <-player)
	b := s.get("live")
	b.asked.Store(b.asked.Load() - int64(time.Hour)) // the player was there long ago
	time.Sleep(2 * cfg.Idle / 10)                    // it is looked at ten times in Idle
	if i, err := s.Get("live"); err != nil || i.State == Off {
		t.Errorf("it is %+v, %v", i, err)
	}
}

// TestMetricsCount compares what is counted with what was sent, also of a broadcast that has ended.
func TestMetricsCount(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{}); err != nil {
		t.Fatal(err)
	}
	s.roll(5*time.Second, 30, nil)
	at := s.media("video1")
	body, err := s.ask(at)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.metric("tilemix_hls_requests_total", "playlist"); got != 2 {
		t.Errorf("%v playlists", got)
	}
	if got := s.metric("tilemix_hls_bytes_total", ""); got < float64(len(body)) {
		t.Errorf("%v bytes, and one playlist has %d", got, len(body))
	}
	if got := s.metric("tilemix_broadcasts", ""); got != 1 {
		t.Errorf("%v broadcasts", got)
	}
	b := s.sink.(*broadcast)
	large := make([]byte, 5<<20) // more than the queue takes
	b.Video(large, true, s.at)
	b.Audio(large, s.at)
	for _, kind := range []string{"picture", "sound"} {
		if got := s.metric("tilemix_broadcast_dropped_total", kind); got != 1 {
			t.Errorf("%v of %s dropped", got, kind)
		}
	}
	if i, err := s.Get("live"); err != nil || i.DroppedPictures != 1 || i.DroppedPackets != 1 {
		t.Errorf("it says %+v, %v", i, err)
	}
	if _, err := s.Stop(t.Context(), "live"); err != nil {
		t.Fatal(err)
	}
	if got := s.metric("tilemix_broadcast_dropped_total", "picture"); got != 1 {
		t.Errorf("after its end, %v are dropped", got)
	}
	if got := s.metric("tilemix_broadcasts", ""); got != 0 {
		t.Errorf("%v broadcasts after the end", got)
	}
}

// metric reads a number by its name and the value of its label.
func (s *stage) metric(name, label string) float64 {
	s.t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == name && (label == "" || m.Label[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	s.t.Fatalf("no %s %s", name, label)
	return 0
}

// TestRoomWasOver: a room that has ended is not found, and leaves nothing behind.
func TestRoomWasOver(t *testing.T) {
	s := newStage(t, Default())
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	if _, _, err := s.Start("live", Options{}); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("began: %v", err)
	}
	if _, err := s.Get("live"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("found: %v", err)
	}
	if s.metric("tilemix_broadcasts", "") != 0 {
		t.Error("it counts as a broadcast")
	}
}

// TestViewFalls: the answer says that the server was too busy for the view, until another is set.
func TestViewFalls(t *testing.T) {
	s := newStage(t, Default())
	grid := views.Wish{Layout: "grid"}
	if _, _, err := s.Start("live", Options{View: &grid}); err != nil {
		t.Fatal(err)
	}
	s.asked.Fallen("grid")
	if i, err := s.Get("live"); err != nil || i.View == "grid" || !strings.Contains(i.Notice, "busy for the view grid") {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := s.Broadcaster.SetView("live", grid); err != nil || i.View != "grid" || i.Notice != "" {
		t.Errorf("set again: %+v, %v", i, err)
	}
}

// TestClockSet has the machine's clock set by an hour: a broadcast that players watch goes on, and one without
// players does not.
func TestClockSet(t *testing.T) {
	var b broadcast
	now := time.Now()
	b.touch()
	for _, by := range []time.Duration{0, -time.Hour, time.Hour} {
		if got := time.Duration(b.unasked(clocks.Set(now.Add(time.Minute), by))); got > time.Minute || got < 10*time.Second {
			t.Errorf("with a clock set by %v nobody has asked for %v", by, got)
		}
	}
}
