package main

import (
	"errors"

	"tilemix/mcu"
	"tilemix/mcu/record"
	"tilemix/signaling"
	"tilemix/signaling/webhook"
)

// changes are the parts of a server that take other settings over while they run. The tag reload of
// package main's settings says which.
type changes struct {
	rooms    *mcu.Server
	hooks    *webhook.Sender
	recorder *record.Recorder
	entrance *entrance
	site     func(signaling.Config)
}

// take takes over what can change, of settings that verify has found good.
func (c changes) take(s *settings) error {
	c.site(s.site())
	c.entrance.tokens.Rename(s.names())
	c.entrance.layouts.Fix(s.Layouts.all)
	c.recorder.Bound(s.bounds())
	return errors.Join(c.rooms.Change(s.config()), c.hooks.Change(hooksOf(s)))
}
