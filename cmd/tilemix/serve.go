package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"tilemix/cmd/tilemix/notify"
	"tilemix/cmd/tilemix/startup"
	"tilemix/codec/malloc"
)

const (
	headerTimeout = 10 * time.Second // for a request's header to arrive
	answerTimeout = time.Minute      // from a request's header to the end of its answer; not for WebSockets
	idleTimeout   = 2 * time.Minute  // between two requests of a connection
	quitTimeout   = time.Second      // for requests to end once the server stops: less than drainLimit
	maxHeader     = 16 << 10         // bytes of a request's header
)

type serveCommand struct {
	settings
}

// openPort opens the port of pages, of the API and of signaling.
func openPort(ctx context.Context, s *settings) (net.Listener, error) {
	at, err := listenAddress(s)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--listen: another program listens at %s; end it, or take another address", at)
	case err != nil:
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return l, nil
}

// Run serves until a signal or a drain ends it, and then returns nil.
func (c *serveCommand) Run(app *kong.Kong) error {
	signals, ctx := stopSignals(), context.Background()
	listener, err := openPort(ctx, &c.settings)
	if err != nil {
		return err
	}
	defer listener.Close()
	turned := newKnobs(&c.operateSettings)
	log := c.log(app.Stderr, turned)
	again := newReloader(os.Args[1:], turned, log)
	if c.traces, err = newTraces(&c.operateSettings, turned, log); err != nil {
		return err
	}
	c.Isolated = true
	c.warn(app, log)
	placeMedia(&c.settings, listener.Addr(), log)
	bounded := c.bounded(listener, 1)
	door, err := newDoor(ctx, &c.settings, bounded, log)
	if err != nil {
		return err
	}
	c.shared = door.shared
	parts, err := listenProfiles(ctx, c.PProf)
	if err != nil {
		return err
	}
	metrics, err := listenMetrics(ctx, c.MetricsListen, log)
	if err != nil {
		return err
	}
	if metrics != nil {
		parts = append(parts, metrics)
	}
	if c.member, err = newMember(ctx, &c.settings, door.url, log); err != nil {
		return err
	}
	rooms, err := newRooms(&c.settings, log, metrics, append(door.collectors, boundMetric(bounded), startup.This().Collector())...)
	if err != nil {
		return err
	}
	if forget, err := notePID(c.DataDir); err == nil { // tilemix reload finds it as soon as the server says that it serves
		defer forget()
	}
	again.serves(rooms, door, c.DataDir)
	if err := c.greet(app.Stdout, door, rooms.banner(&c.settings, door, listener, metrics)); err != nil {
		return err
	}
	end := &stopper{signals, turned, rooms.drain, notify.New(), log}
	if err := errors.Join(end.systemd.Err(), end.systemd.Ready("serves on "+door.url)); err != nil {
		log.Warn("systemd does not hear of the server", "reason", err)
	}
	parts = append(parts, rooms, door.parts, end, again, runs(func(ctx context.Context) { end.systemd.Watchdog(ctx, rooms.alive) }))
	return except(supervise(ctx, parts, door.listener, door.wrap(rooms.handler), log), errStopped)
}

// warn logs what of the environment will not work.
func (c *serveCommand) warn(app *kong.Kong, log *slog.Logger) {
	if names := strangers(app); len(names) > 0 {
		log.Warn("variables of the environment are no settings", "variables", names)
	}
	if !malloc.Bound() {
		log.Warn("the C library refuses to bound its memory")
	}
	if err := writable(c.DataDir); err != nil {
		log.Warn("the data folder cannot be written, so recordings and queues of webhooks will fail", "dir", c.DataDir, "reason", err)
	}
}

// supervise runs the rooms and serves HTTP until ctx ends or one of the two
// fails. It closes the listener and leaves no goroutine behind.
func supervise(ctx context.Context, rooms runner, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	group, running := errgroup.WithContext(ctx)
	server := &http.Server{
		Handler:           handler,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return running },
	}
	group.Go(func() error { return except(rooms.Run(running), context.Canceled) })
	group.Go(func() error {
		err := except(server.Serve(listener), http.ErrServerClosed)
		if running.Err() != nil { // what closes the listener may be faster than quit
			return except(err, net.ErrClosed)
		}
		return err
	})
	group.Go(func() error {
		<-running.Done()
		return quit(server)
	})
	return group.Wait()
}

// except returns err, or nil if err is the wished one.
func except(err, wished error) error {
	if errors.Is(err, wished) {
		return nil
	}
	return err
}

// runner blocks in Run until its context ends, as mcu.Server does.
type runner interface {
	Run(context.Context) error
}

// quit waits up to quitTimeout for requests to end, and then closes their connections.
func quit(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), quitTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// address is the URL at which a browser on this machine finds the server.
func address(scheme string, listener net.Listener) string {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
