package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"tilemix/mcu/gateway/address"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/media"
	"tilemix/mcu/rtc/client"
	"tilemix/mcu/rtc/whip"
)

const (
	// whipTimeout bounds the exchange with the WHIP server and the time to connect.
	whipTimeout = 20 * time.Second
	// whipFarewell bounds the request that ends the session.
	whipFarewell = 2 * time.Second
)

// errGrown ends a connection whose list of rooms has grown.
var errGrown = errors.New("another room is inside the mix")

// whip sends by WHIP (RFC 9725) until the connection ends. It begins again when another room is inside
// the mix, so that the other end learns of that.
func (o *output) whip(ctx context.Context, up func()) error {
	up = sync.OnceFunc(up)
	for {
		list, err := o.gateway.cfg.Via.List(o.info.Room)
		if err != nil {
			return err
		}
		err = o.whipOnce(ctx, list, up)
		list.Release()
		if !errors.Is(err, errGrown) {
			return err
		}
	}
}

// whipOnce is one connection of whip.
func (o *output) whipOnce(ctx context.Context, list via.List, up func()) error {
	c, err := client.New(client.Config{SendVideo: true, SendAudio: true, SendOnly: true, Stereo: o.room.AudioChannels() == 2})
	if err != nil {
		return err
	}
	defer c.Close()
	endpoint := strings.TrimPrefix(o.address.URL(), "whip+")
	web := &http.Client{Transport: &originOnly{transport: newTransport(o.gateway.rules), endpoint: endpoint}}
	defer web.CloseIdleConnections()
	s := whip.New(web, whip.Target{URL: endpoint, Token: o.token, Header: http.Header{via.Header: {list.Header}}})
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), whipFarewell)
		defer cancel()
		s.End(ctx)
	}()
	if err := connect(ctx, s, c); err != nil {
		return err
	}
	q, detach, err := o.attach(media.SinkOptions{KeyInterval: keyInterval})
	if err != nil {
		return err
	}
	defer detach()
	return send(ctx, c, q, list.Grown, up)
}

// connect makes a connection by one exchange of offer and answer.
func connect(ctx context.Context, s *whip.Session, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, whipTimeout)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		return err
	}
	answer, err := s.Exchange(ctx, offer)
	if err != nil {
		return err
	}
	return c.Answer(ctx, answer)
}

// send writes the queue until the connection or the room has ended. It calls up with each
// picture.
func send(ctx context.Context, c *client.Client, q *queue, grown <-chan struct{}, up func()) error {
	ctx, stop := context.WithCancel(ctx)
	lost := make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() { lost <- c.Run(ctx) })
	defer running.Wait()
	defer stop()
	for {
		select {
		case u := <-q.C:
			if u.Video {
				_ = c.WriteVideo(u.Data, u.At) // a lost packet is sent again, or an IDR follows
				up()
			} else {
				_ = c.WriteAudio(u.Data, u.At)
			}
			q.Done(u)
		case <-grown:
			return errGrown
		case <-q.ended:
			return errOver
		case err := <-lost:
			return err
		}
	}
}

// originOnly sends requests to the origin of a WHIP endpoint only (RFC 6454 §5). Redirections and
// Locations that lead elsewhere would have the server act for a stranger, with the token.
type originOnly struct {
	transport *http.Transport
	endpoint  string
}

// RoundTrip implements [http.RoundTripper].
func (o *originOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	home, err := url.Parse(o.endpoint)
	if err != nil {
		return nil, err
	}
	if r.URL.Scheme != home.Scheme || !strings.EqualFold(r.URL.Host, home.Host) {
		return nil, errors.New("the WHIP server leads to another origin, which is not followed")
	}
	return o.transport.RoundTrip(r)
}

// CloseIdleConnections closes those of the transport.
func (o *originOnly) CloseIdleConnections() { o.transport.CloseIdleConnections() }

// newTransport returns a transport that connects as newDialer's dialer does.
func newTransport(rules address.Rules) *http.Transport {
	return &http.Transport{DialContext: newDialer(rules).DialContext, TLSHandshakeTimeout: whipTimeout}
}
