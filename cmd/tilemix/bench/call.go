package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/mcu/rtc/whip"
)

const (
	joinTimeout = 30 * time.Second
	joinEach    = 100 * time.Millisecond // more for each bot that joins
	sourceName  = "source"
)

// member is a bot in a call.
type member struct {
	*bot.Bot
	name    string
	session *whip.Session
}

// call is bots that are on one server.
type call struct {
	crowd   *bot.Crowd
	http    *http.Client
	server  string
	members []*member
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newCall(ctx context.Context, server string) (*call, error) {
	crowd, err := bot.NewCrowd()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	c := &call{
		crowd: crowd, server: server, stop: stop,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: joinTimeout},
	}
	c.running.Go(func() { _ = crowd.Run(ctx) })
	return c, nil
}

// entry says how a bot joins.
type entry struct {
	room, name string
	bot.Options
}

// join has bots join, at most wide at a time.
func (c *call) join(ctx context.Context, entries []entry, wide int) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout+time.Duration(len(entries))*joinEach)
	defer cancel()
	joined := make([]*member, len(entries))
	err := each(len(entries), wide, func(i int) error {
		e := entries[i]
		m := &member{name: e.name, session: whip.New(c.http, whip.Room(c.server, e.room, e.name, e.Viewer))}
		e.Exchange = m.session.Exchange
		var err error
		if m.Bot, err = c.crowd.Join(ctx, e.Options); err != nil {
			m.session.End(context.WithoutCancel(ctx))
			return fmt.Errorf("%s joins: %w", e.name, err)
		}
		joined[i] = m
		return nil
	})
	for _, m := range joined {
		if m != nil {
			c.members = append(c.members, m)
		}
	}
	return err
}

var errNoPicture = errors.New("no picture or sound came")

// begun waits until everybody has received something.
func (c *call) begun(ctx context.Context, video, sound bool) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for waiting := c.members; ; {
		for len(waiting) > 0 {
			s := waiting[0].Stats()
			if video && !waiting[0].NoPicture && s.Picture.First == 0 || sound && s.Sound.First == 0 {
				break
			}
			waiting = waiting[1:]
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%w for %s within %v", errNoPicture, waiting[0].name, joinTimeout)
		}
	}
}

// leave has everybody leave and ends the crowd.
func (c *call) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinTimeout)
	defer cancel()
	_ = each(len(c.members), 8, func(i int) error {
		c.members[i].session.End(ctx)
		c.members[i].Leave()
		return nil
	})
	c.stop()
	c.running.Wait()
	c.http.CloseIdleConnections()
}

// stats are all members' at a time.
func (c *call) stats() []bot.Stats {
	all := make([]bot.Stats, len(c.members))
	for i, m := range c.members {
		all[i] = m.Stats()
	}
	return all
}
