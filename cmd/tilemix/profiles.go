package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// profiles serve Go's profiles on an address of this machine.
type profiles struct {
	listener net.Listener
}

var errNotLoopback = errors.New("--pprof takes a loopback address only, such as 127.0.0.1:6060")

// listenProfiles opens the address of the profiles, and returns nothing if there is none.
func listenProfiles(ctx context.Context, address string) (runAll, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--pprof: %w", err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		_ = listener.Close()
		return nil, errNotLoopback
	}
	return runAll{profiles{listener}}, nil
}

// Run serves profiles until ctx ends, and then returns nil.
func (p profiles) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(p.listener)
	if ctx.Err() != nil {
		return nil
	}
	return except(err, http.ErrServerClosed)
}
