// Package mcutest is the stage of tests that run a whole server: it starts the server, connects
// clients, reads metrics and logs, and sees that all ends. Its subpackages serve tests of all
// packages: poll waits, story runs tests that are written as stories.
package mcutest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
)

// Stage is a server that runs. When the test ends everybody has left, and so must all rooms,
// pictures and participants. It is for one goroutine, but for the server itself.
type Stage struct {
	*mcu.Server
	// Log keeps what the server logs, at all levels.
	Log *Log
	// Stop ends the server and waits for it. A second call does nothing.
	Stop func()
	// Registry has the server's metrics.
	Registry *prometheus.Registry

	t testing.TB
}

// Small is a mix that leaves the processor to others.
func Small() mcu.Config {
	cfg := mcu.DefaultConfig()
	cfg.Width, cfg.Height, cfg.FrameRate, cfg.VideoBitrate = 640, 360, 15, 800_000
	return cfg
}

// Serve runs a server until the test ends. The test fails if the server does not end, or logs
// an error.
func Serve(t testing.TB, cfg mcu.Config) *Stage {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	log := &Log{}
	rooms, err := mcu.NewServer(cfg, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{Server: rooms, Log: log, t: t, Registry: prometheus.NewPedanticRegistry()}
	s.Registry.MustRegister(rooms.Collectors()...)
	begun := make(chan struct{})
	stop := Beside(t, func(ctx context.Context) error {
		return rooms.Run(observed{ctx, sync.OnceFunc(func() { close(begun) })})
	})
	s.Stop = sync.OnceFunc(func() {
		stop()
		if faults := log.Faults(); faults != "" {
			t.Errorf("the server logged:\n%s", faults)
		}
	})
	t.Cleanup(s.Stop)
	<-begun
	return s
}

// Within returns the stage for a subtest that runs beside others. What fails there fails that
// subtest, and what is entered there leaves with it.
func (s *Stage) Within(t testing.TB) *Stage {
	own := *s
	own.t = t
	return &own
}

// observed tells when somebody waits for its end, as a server that runs does.
type observed struct {
	context.Context
	asked func()
}

func (o observed) Done() <-chan struct{} {
	o.asked()
	return o.Context.Done()
}

// Beside runs what runs beside a server, until stop is called or the test ends. The test fails
// if it does not end, or with an error.
func Beside(t testing.TB, run func(ctx context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(poll.Patience):
			t.Error("it does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// Enter joins a room, connects a client and waits for its seat. It has left when the test ends.
func (s *Stage) Enter(join mcu.JoinOptions, o rtctest.Options) (*mcu.Participant, *rtctest.Client) {
	s.t.Helper()
	p, err := s.Join(join)
	if err != nil {
		s.t.Fatalf("%s joins %s: %v", join.Name, join.Room, err)
	}
	s.t.Cleanup(func() {
		p.Leave()
		<-p.Done()
	})
	c := rtctest.New(s.t, o)
	if _, err := c.Connect(s.t.Context(), p); err != nil {
		s.t.Fatalf("%s connects: %v", join.Name, err)
	}
	poll.Until(s.t, "a seat for "+join.Name, p.HasTile)
	return p, c
}

// Metric returns the sum of a metric over the label values given, as in
// Metric("tilemix_uplink_video_total", "lost"). The test fails if there is none.
func (s *Stage) Metric(name string, values ...string) float64 {
	s.t.Helper()
	families, err := s.Registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum, found := 0.0, false
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	metrics:
		for _, m := range family.GetMetric() {
			for _, v := range values {
				if !strings.Contains(m.String(), `value:"`+v+`"`) {
					continue metrics
				}
			}
			found = true
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	if !found {
		s.t.Fatalf("there is no metric %s%q", name, values)
	}
	return sum
}
