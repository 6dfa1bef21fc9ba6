package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tilemix/cmd/tilemix/drain"
	"tilemix/cmd/tilemix/notify"
)

// stopLimit (30 s) is the longest time that the server takes to close its files and connections
// once it stops. After a drain it is drainLimit (2 s) past the drain's end.
const (
	stopLimit  = 30 * time.Second
	drainLimit = 2 * time.Second
)

// errStopped ends the server without an error of the program.
var errStopped = errors.New("stopped")

// stopper decides when the server stops: SIGINT stops it at once, SIGTERM after a drain, if there is
// time for one, and a second signal at once. Files are whole in each case. A further signal kills.
type stopper struct {
	signals chan os.Signal
	knobs   *knobs
	drain   *drain.Drain
	systemd notify.Supervisor
	log     *slog.Logger
}

// stopSignals takes note of the signals that stop the server, from now on.
func stopSignals() chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals
}

// Run returns errStopped when the server is to stop, and nil when ctx ends.
func (s *stopper) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- s.drain.Run(ctx) }()
	for {
		select {
		case by := <-s.signals:
			if within := time.Duration(s.knobs.within.Load()); by == syscall.SIGTERM && within > 0 && s.drain.End().IsZero() {
				s.log.Info("the server is to stop", "reason", by.String(), "within", within)
				_, _ = s.drain.Begin(within) // it takes any time
				_ = s.systemd.Stopping(within + stopLimit)
				continue
			}
			cancel()
			<-drained //nolint:errcheck // the signal is the reason
			return s.stop(by.String(), stopLimit)
		case err := <-drained:
			if ctx.Err() != nil {
				return nil
			}
			return s.stop(err.Error(), max(time.Until(s.drain.End()), 0)+drainLimit)
		}
	}
}

// stop says that the server stops, and kills it if that takes too long.
func (s *stopper) stop(reason string, limit time.Duration) error {
	s.log.Info("the server stops", "reason", reason)
	_ = s.systemd.Stopping(limit)
	signal.Stop(s.signals)
	time.AfterFunc(limit, func() {
		s.log.Error("the server did not stop in time, and ends as it is", "after", limit)
		os.Exit(1)
	})
	return errStopped
}
