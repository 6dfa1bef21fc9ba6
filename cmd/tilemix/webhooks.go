package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"

	reach "tilemix/mcu/gateway/address"
	"tilemix/signaling/webhook"
)

// newWebhooks opens the sender of events. Without URLs it sends nothing.
func newWebhooks(s *settings, log *slog.Logger) (*webhook.Sender, error) {
	sender, err := webhook.Open(hooksOf(s), log)
	return sender, advise(err)
}

// hooksOf says who gets events.
func hooksOf(s *settings) webhook.Config {
	cfg := webhook.Default()
	cfg.URLs, cfg.Secret = s.Webhooks, string(s.WebhookSecret)
	cfg.Dir = filepath.Join(s.DataDir, "webhooks")
	cfg.Permit = reach.Rules{Private: s.AllowPrivate}.Allows
	return cfg
}

// runUntilDrained runs last until first has ended, so that last still gets the events that
// first ends with.
type runUntilDrained struct{ first, last runner }

// Run returns once both have ended, with first's error before last's.
func (o runUntilDrained) Run(ctx context.Context) error {
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var wg sync.WaitGroup
	var err error
	wg.Go(func() { err = o.last.Run(after) })
	first := o.first.Run(ctx)
	end()
	wg.Wait()
	if first != nil {
		return first
	}
	return err
}

// secret is a setting that logs and errors do not show.
type secret string

// String returns stars.
func (secret) String() string { return "***" }
