package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"tilemix/mcu/stream"
)

// metricsConns (64) bounds the connections of the address that serves metrics alone.
const metricsConns = 64

// listenMetrics opens the address that serves metrics alone, and returns nil if there is none.
func listenMetrics(ctx context.Context, address string, log *slog.Logger) (*plainServer, error) {
	if address == "" {
		return nil, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	log.Info("metrics have an address of their own", "address", l.Addr().String())
	all := func(netip.Addr) bool { return true } // scrapers are few, and may be behind one address
	return &plainServer{listener: stream.NewDoor(l, metricsConns, metricsConns, all)}, nil
}
