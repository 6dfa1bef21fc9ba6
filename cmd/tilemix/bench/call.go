package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	room    string
	session *whip.Session
}

// sees tells whether the bot receives pictures.
func (m *member) sees() bool { return !m.NoPicture && !m.Publisher }

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
	server     string // "": the call's
	view       string // that a viewer has from the beginning; "": the room's
	screen     bool   // what it sends is a screen
	bot.Options
}

// join has bots join, at most wide at a time.
func (c *call) join(ctx context.Context, entries []entry, wide int) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout+time.Duration(len(entries))*joinEach)
	defer cancel()
	joined := make([]*member, len(entries))
	err := each(len(entries), wide, func(i int) (err error) {
		joined[i], err = c.enter(ctx, entries[i])
		return err
	})
	for _, m := range joined {
		if m != nil {
			c.members = append(c.members, m)
		}
	}
	return err
}

// enter has one bot join. It is safe for concurrent use, and leaves the call's members as they are.
func (c *call) enter(ctx context.Context, e entry) (*member, error) {
	at := whip.Room(cmp.Or(e.server, c.server), e.room, e.name, e.Viewer)
	if e.view != "" {
		at.URL += "&view=" + url.QueryEscape(e.view)
	}
	if e.screen {
		at.URL += "&as=screen"
	}
	m := &member{name: e.name, room: e.room, session: whip.New(c.http, at)}
	e.Exchange = m.session.Exchange
	var err error
	if m.Bot, err = c.crowd.Join(ctx, e.Options); err != nil {
		m.session.End(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("%s joins: %w", e.name, err)
	}
	return m, nil
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
			if video && waiting[0].sees() && s.Picture.First == 0 || sound && s.Sound.First == 0 {
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
	leaveAll(ctx, c.members)
	c.stop()
	c.running.Wait()
	c.http.CloseIdleConnections()
}

// leaveAll has members leave. Those that are nil are none.
func leaveAll(ctx context.Context, members []*member) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinTimeout)
	defer cancel()
	_ = each(len(members), 8, func(i int) error {
		if m := members[i]; m != nil {
			m.session.End(ctx)
			m.Leave()
		}
		return nil
	})
}

// stats are all members' at a time.
func (c *call) stats() []bot.Stats {
	all := make([]bot.Stats, len(c.members))
	for i, m := range c.members {
		all[i] = m.Stats()
	}
	return all
}

// room is a room in the server's API.
func (c *call) room(name string) string { return c.server + "/api/v1/rooms/" + name }

// ask asks the server's API for something.
func (c *call) ask(ctx context.Context, method, url string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if data, err = io.ReadAll(resp.Body); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, data)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}
