package join

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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
	longestPause = 30 * time.Second // between two attempts to come back, once the server answers
	firstPause   = 250 * time.Millisecond
	soonPause    = time.Second // and for the first absentFor, while no server answers: it is being started again
	absentFor    = 2 * time.Minute
	silence      = 2 * time.Second  // without a packet, until the connection is lost
	stable       = 20 * time.Second // after a connection of this length the pauses begin anew
)

// call is the participation in a room, over one connection after the other. It is safe for
// concurrent use.
type call struct {
	cmd   *Command
	out   io.Writer
	epoch time.Time // origin of the times of what the command sends
	file  *recording

	joined  bool          // at least once; this and the next two fields belong to keep
	refused error         // the last error of connect
	last    *whip.Session // the last session; nil: none yet

	moves  chan control.Relocate // the room goes on elsewhere; holds one
	stalls chan struct{}         // nothing comes; holds one

	conn        atomic.Pointer[client.Client] // nil: not connected
	before      atomic.Pointer[client.Client] // the connection before, to a server that the room has left; nil: there is none
	constraints atomic.Pointer[constraints]   // nil: none yet
	limit       atomic.Int64                  // of the picture, bits a second; 0: none
	key         atomic.Bool                   // the server has requested a key frame
	people      atomic.Int64

	sent, sentBytes, size atomic.Int64 // pictures, their bytes, the last one's size
}

func newCall(cmd *Command, out io.Writer) *call {
	return &call{cmd: cmd, out: out, epoch: time.Now(), moves: make(chan control.Relocate, 1), stalls: make(chan struct{}, 1)}
}

// keep keeps the connection until ctx ends or the server refuses for good.
func (c *call) keep(ctx context.Context) error {
	again, failures, lost := backoff.Schedule{First: firstPause, Longest: longestPause}, 0, time.Time{}
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
		if time.Since(began) > stable || lost.IsZero() {
			failures, lost = 0, time.Now()
		}
		failures++
		if refused == nil && time.Since(lost) < absentFor {
			again.Longest = soonPause
		} else {
			again.Longest = longestPause
		}
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

// absence returns an error if the client was never in the call.
func (c *call) absence() error {
	if c.joined {
		return nil
	}
	return fmt.Errorf("never joined %s: %w", c.cmd.Room, cmp.Or(c.refused, context.Canceled))
}

// connect joins once and returns when the connection has ended, also after the room has gone on at other servers.
func (c *call) connect(ctx context.Context) error {
	target := c.cmd.target()
	if c.last != nil {
		if again := c.last.Again(); again != "" && c.cmd.Screen == "" {
			target.URL = again // to the participant that it was, also by an invite that is used up
		} else {
			joining, cancel := context.WithTimeout(ctx, joinTimeout)
			c.last.End(joining) // the broken connection may have lost the first farewell
			cancel()
		}
	}
	c.file.renew(0)
	here, err := enter(ctx, c, target)
	if err != nil {
		return err
	}
	defer func() {
		c.conn.Store(nil)
		c.retire(nil)
		here.end(ctx)
		_ = here.conn.Close()
	}()
	fmt.Fprintf(c.out, "joined %s as %s\n", c.cmd.Room, c.cmd.Name)
	for {
		c.joined = true
		c.key.Store(true)
		c.conn.Store(here.conn)
		next, err := here.run(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "goes on in %s at another server\n", c.cmd.Room)
		c.retire(here.conn)
		here = next
	}
}

// retire goes on to send to a connection for a while, nil for none, and then closes it.
func (c *call) retire(conn *client.Client) {
	if old := c.before.Swap(conn); old != nil {
		_ = old.Close()
	}
	if conn == nil {
		return
	}
	time.AfterFunc(farewell, func() {
		if c.before.CompareAndSwap(conn, nil) {
			_ = conn.Close()
			c.file.renew(1)
		}
	})
}

// write sends an access unit, or a packet of sound, by all connections.
func (c *call) write(send func(*client.Client)) {
	for _, conn := range []*client.Client{c.conn.Load(), c.before.Load()} {
		if conn != nil {
			send(conn)
		}
	}
}

// config returns the settings of a client that reports to this call.
func (c *call) config() client.Config {
	cfg := client.Config{
		SendVideo: c.cmd.picture() != "", SendAudio: c.cmd.Mic != "",
		Message:  c.receive,
		KeyFrame: func() { c.key.Store(true) },
		Silence:  silence,
		Stalled:  c.stall,
		Limit:    func(bps int) { c.limit.Store(int64(bps)) },
	}
	c.constraints.Store(nil)
	c.limit.Store(0)
	c.people.Store(0)
	if c.file != nil {
		take := c.file.take()
		cfg.Picture, cfg.Sound = take.picture, take.sound
	}
	return cfg
}

// stall notes that nothing comes.
func (c *call) stall() {
	select {
	case c.stalls <- struct{}{}:
	default:
	}
}

// receive handles a control message.
func (c *call) receive(m control.Message) {
	switch m := m.(type) {
	case control.Uplink:
		if m.Screen != (c.cmd.Screen != "") {
			return // it is about a camera that is not sent
		}
		if before := c.constraints.Load(); m.Active && before != nil && !before.active {
			c.key.Store(true)
		}
		c.constraints.Store(&constraints{m.Width, m.Height, m.MaxFramerate, m.MaxBitrate, m.Active})
	case control.Participants:
		c.people.Store(int64(len(m.Participants)))
	case control.Relocate:
		select {
		case c.moves <- m:
		default:
		}
	case control.Chat:
		fmt.Fprintf(c.out, "%q says: %q\n", m.Name, m.Text)
	case control.Error:
		fmt.Fprintf(c.out, "the server says: %q\n", m.Error)
	}
}

// constraints are those of the last uplink message.
type constraints struct {
	width, height, frameRate, bitrate int
	active                            bool
}

// fail names the source in an error, except at the end of a file.
func fail(what string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
