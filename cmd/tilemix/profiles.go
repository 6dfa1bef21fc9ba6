package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"golang.org/x/sync/errgroup"
)

// profiled serves profiles while the runner runs, if there is an address.
type profiled struct {
	runner
	address string
}

// Run ends when the runner does, or fails when the profiles cannot be served.
func (p profiled) Run(ctx context.Context) error {
	if p.address == "" {
		return p.runner.Run(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.runner.Run(ctx) })
	group.Go(func() error { return profiles(ctx, p.address) })
	return group.Wait()
}

var errNotLoopback = errors.New("--pprof takes a loopback address only, such as 127.0.0.1:6060")

// profiles serves Go's profiles on an address of this machine until ctx ends.
func profiles(ctx context.Context, address string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve profiles: %w", err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		_ = listener.Close()
		return errNotLoopback
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	return except(server.Serve(listener), http.ErrServerClosed)
}
