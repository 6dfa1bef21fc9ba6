package join

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"tilemix/mcu/backoff"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/client"
	"tilemix/mcu/rtc/whip"
)

const (
	joinTimeout  = 15 * time.Second
	leaveTimeout = 3 * time.Second
	longestPause = 30 * time.Second // between two attempts to come back
	stable       = 20 * time.Second // a call that long was a good one
)

// call is the way to the server, over one connection after the other. It is safe for
// concurrent use.
type call struct {
	cmd   *Command
	out   io.Writer
	epoch time.Time // what is sent counts from here
	file  *recording

	joined  bool          // ever; this and the next two belong to keep
	refused error         // the last reason
	last    *whip.Session // that began; nil: none has

	line   atomic.Pointer[client.Client] // nil: there is none
	wish   atomic.Pointer[wish]
	limit  atomic.Int64 // bits a second, of the picture; 0: none
	key    atomic.Bool  // a key frame is wanted
	people atomic.Int64

	sent, sentBytes, size atomic.Int64 // pictures, their bytes, the last one's size
}

func newCall(cmd *Command, out io.Writer) *call {
	return &call{cmd: cmd, out: out, epoch: time.Now()}
}

// keep keeps the connection until ctx ends or the server refuses for good.
func (c *call) keep(ctx context.Context) error {
	again, failures := backoff.Schedule{First: time.Second, Longest: longestPause}, 0
	for ctx.Err() == nil {
		began := time.Now()
		err := c.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		c.refused = err
		var refused *whip.Refusal
		if errors.As(err, &refused) && refused.Permanent() {
			return err
		}
		if time.Since(began) > stable {
			failures = 0
		}
		failures++
		wait := again.After(failures, rand.Float64())
		if refused != nil && refused.RetryAfter > 0 {
			wait = min(refused.RetryAfter, longestPause)
		}
		fmt.Fprintf(c.out, "%.300s; again in %v\n", err, wait.Round(100*time.Millisecond))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// absence is the error for never having been in the call.
func (c *call) absence() error {
	if c.joined {
		return nil
	}
	return fmt.Errorf("never joined %s: %w", c.cmd.Room, cmp.Or(c.refused, context.Canceled))
}

// connect joins once and stays as long as the connection does.
func (c *call) connect(ctx context.Context) error {
	line, err := client.New(c.config())
	if err != nil {
		return err
	}
	defer line.Close()
	joining, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	offer, err := line.Offer(joining)
	if err != nil {
		return err
	}
	viewer := c.cmd.Camera == "" && c.cmd.Mic == ""
	session := whip.New(http.DefaultClient, whip.Room(c.cmd.Server, c.cmd.Room, c.cmd.Name, viewer))
	if c.last != nil {
		c.last.End(joining) // the line that broke may have taken the farewell with it
	}
	answer, err := session.Exchange(joining, offer)
	if err != nil {
		return err
	}
	c.last = session
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
		defer cancel()
		session.End(ctx)
	}()
	if err := line.Answer(joining, answer); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "joined %s as %s\n", c.cmd.Room, c.cmd.Name)
	c.joined = true
	c.key.Store(true)
	c.line.Store(line)
	defer c.line.Store(nil)
	return line.Run(ctx)
}

// config has a client tell this call what comes.
func (c *call) config() client.Config {
	cfg := client.Config{
		SendVideo: c.cmd.Camera != "", SendAudio: c.cmd.Mic != "",
		Message:  c.told,
		KeyFrame: func() { c.key.Store(true) },
		Limit:    func(bps int) { c.limit.Store(int64(bps)) },
	}
	c.wish.Store(nil)
	c.limit.Store(0)
	c.people.Store(0)
	if c.file != nil {
		take := c.file.take()
		cfg.Picture, cfg.Sound = take.picture, take.sound
	}
	return cfg
}

// told handles a control message.
func (c *call) told(m control.Message) {
	switch m := m.(type) {
	case control.Uplink:
		if before := c.wish.Load(); m.Active && before != nil && !before.active {
			c.key.Store(true)
		}
		c.wish.Store(&wish{m.Width, m.Height, m.MaxFramerate, m.MaxBitrate, m.Active})
	case control.Participants:
		c.people.Store(int64(len(m.Participants)))
	case control.Chat:
		fmt.Fprintf(c.out, "%q says: %q\n", m.Name, m.Text)
	case control.Error:
		fmt.Fprintf(c.out, "the server says: %q\n", m.Error)
	}
}

// wish is the last uplink message.
type wish struct {
	width, height, frameRate, bitrate int
	active                            bool
}

// fail remembers the first reason why a source cannot go on.
func fail(what string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
