package join

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc/client"
	"tilemix/mcu/rtc/whip"
)

// farewell (1 s) is how long a client sends to both servers, where a room goes on at another. Others hear and see
// it over the one until they have gone too.
const farewell = time.Second

// stay is a connection to a server, and its session.
type stay struct {
	call    *call
	conn    *client.Client
	session *whip.Session
}

// enter joins at a target.
func enter(ctx context.Context, c *call, to whip.Target) (*stay, error) {
	conn, err := client.New(c.config())
	if err != nil {
		return nil, err
	}
	s := &stay{c, conn, whip.New(http.DefaultClient, to)}
	if err := s.connect(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *stay) connect(ctx context.Context) error {
	joining, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	offer, err := s.conn.Offer(joining)
	if err != nil {
		return err
	}
	answer, err := s.session.Exchange(joining, offer)
	if err != nil {
		return err
	}
	s.call.last = s.session
	if err := s.conn.Answer(joining, answer); err != nil {
		s.end(ctx)
		return err
	}
	return nil
}

// gone tells whether the server has no such session any more. A server that was killed sends no word of it, and its
// socket for media takes packets again before silence is over.
func (s *stay) gone(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, silence/2)
	defer cancel()
	return s.session.Gone(ctx)
}

// run waits until the connection has ended. If the room goes on at another server meanwhile, it returns the
// connection there, which stands, and this one goes on.
func (s *stay) run(ctx context.Context) (next *stay, err error) {
	ended := make(chan error, 1)
	go func() { ended <- s.conn.Run(ctx) }() // until the connection is closed
	for {
		select {
		case err := <-ended:
			return nil, err
		case <-s.call.stalls:
			if s.gone(ctx) {
				return nil, client.ErrLost
			}
		case to := <-s.call.moves:
			again := s.session.Again()
			if again == "" || s.call.cmd.Screen != "" {
				continue
			}
			target := s.call.cmd.target()
			target.URL = rebased(again, to)
			if next, err = enter(ctx, s.call, target); err == nil {
				return next, nil
			}
			fmt.Fprintf(s.call.out, "%.300s; the server will say again where to go\n", err)
		}
	}
}

// end leaves the call, unless the client is to come back.
func (s *stay) end(ctx context.Context) {
	if ctx.Err() == nil && s.session.Again() != "" && s.call.cmd.Screen == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	s.session.End(ctx)
}

// rebased returns an address at the server where a room goes on. A client that came by a name that servers share
// keeps it.
func rebased(at string, to control.Relocate) string {
	here, err1 := url.Parse(at)
	from, err2 := url.Parse(to.From)
	there, err3 := url.Parse(to.URL)
	if err1 != nil || err2 != nil || err3 != nil || to.URL == "" || here.Scheme != from.Scheme || here.Host != from.Host {
		return at
	}
	here.Scheme, here.Host = there.Scheme, there.Host
	return here.String()
}
