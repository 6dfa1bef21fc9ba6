package picture

import (
	"context"
	"time"
)

// idle tells whether no picture is due until the scene changes, a key frame is asked for, or the picture
// changes by itself. A clock in the picture changes it once a second, so that no other encode is needed for detail.
func (c *Clock) idle(now time.Time) bool {
	if c.cursor.Behind() {
		return false
	}
	s := c.cursor.Scene()
	if !s.Watched() {
		return true
	}
	if len(s.Sinks) > 0 || c.audience.waiting > 0 || s.HasCameras() || c.env.Lobby != "" || c.env.Relay != nil {
		return false
	}
	if next := s.Changes(c.at); !next.IsZero() {
		return now.Before(next) && now.Sub(c.stirred) > settle
	}
	return now.Sub(c.changed) > settle
}

// rest waits until there is something to do. It returns false when ctx ends.
func (c *Clock) rest(ctx context.Context) bool {
	var due <-chan time.Time
	if s := c.cursor.Scene(); !s.Watched() {
		c.audience.waiting = 0
		for _, v := range c.views {
			v.forsake()
		}
	} else if next := s.Changes(c.at); !next.IsZero() {
		c.alarm.Reset(time.Until(next))
		defer c.alarm.Stop()
		due = c.alarm.C
	}
	select {
	case <-due:
	case <-c.cursor.Superseded():
	case <-c.cursor.Woken():
		c.choose(c.cursor.Scene(), time.Now()) // maybe to do nothing
	case out := <-c.out:
		c.take(out)
	case <-ctx.Done():
		return false
	}
	c.pace.Rest()
	c.sources.awake = time.Now()
	return true
}
