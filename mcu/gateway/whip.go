package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/rtc/client"
)

const (
	// whipTimeout is for a WHIP server to answer and for the connection to stand.
	whipTimeout = 20 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// maxComplaint bounds what is told of one that is no answer, in bytes.
	maxComplaint = 8 << 10
)

// whip sends by WHIP (RFC 9725) until the connection ends.
func (o *output) whip(ctx context.Context, up func()) error {
	c, err := client.New(client.Config{SendVideo: true, SendAudio: true, SendOnly: true})
	if err != nil {
		return err
	}
	defer c.Close()
	s := &whipSession{url: strings.TrimPrefix(o.address.URL(), "whip+"), token: o.token, http: &http.Client{Transport: o.gateway.transport()}}
	defer s.http.CloseIdleConnections()
	defer s.end()
	if err := s.connect(ctx, c); err != nil {
		return err
	}
	q, detach, err := o.attach()
	if err != nil {
		return err
	}
	defer detach()
	return send(ctx, c, q, sync.OnceFunc(up))
}

// send writes what comes until the connection or the room has ended. It calls up with
// each picture.
func send(ctx context.Context, c *client.Client, q *queue, up func()) error {
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
				_ = c.WriteVideo(u.Data, u.At) // what is lost is asked for again, or an IDR follows
				up()
			} else {
				_ = c.WriteAudio(u.Data, u.At)
			}
			q.Done(u)
		case <-q.ended:
			return errOver
		case err := <-lost:
			return err
		}
	}
}

// whipSession is a client's side of WHIP.
type whipSession struct {
	url, token string
	http       *http.Client
	resource   string
}

func (s *whipSession) connect(ctx context.Context, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, whipTimeout)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		return err
	}
	answer, err := s.exchange(ctx, offer)
	if err != nil {
		return err
	}
	return c.Answer(ctx, answer)
}

func (s *whipSession) exchange(ctx context.Context, offer string) (string, error) {
	resp, err := s.do(ctx, http.MethodPost, s.url, offer)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the WHIP server says %s: %s", resp.Status, complaint(body))
	}
	if location, err := resp.Location(); err == nil {
		s.resource = location.String()
	}
	return string(body), nil
}

// complaint returns the beginning of a body, in whole lines: half a key would not be known
// as one.
func complaint(body []byte) []byte {
	if len(body) > maxComplaint {
		body = body[:bytes.LastIndexByte(body[:maxComplaint], '\n')+1]
	}
	return body
}

// end ends the session, as far as the server knows it.
func (s *whipSession) end() {
	if s.resource == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), ffmpeg.Farewell)
	defer cancel()
	if resp, err := s.do(ctx, http.MethodDelete, s.resource, ""); err == nil {
		_ = resp.Body.Close()
	}
}

func (s *whipSession) do(ctx context.Context, method, target, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the WHIP server cannot be asked")
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/sdp")
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := s.http.Do(req)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address
	}
	return resp, err
}

// transport connects to nothing but what the rules let through, whatever names and
// redirections lead to.
func (g *Gateway) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: whipTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return g.rules.Allows(to.Addr())
	}}
	return &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: whipTimeout}
}
