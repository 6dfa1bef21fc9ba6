package rtsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"sync/atomic"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// maxRedirections bounds how often a camera may send the client elsewhere.
const maxRedirections = 3

// errSilent says that a camera has taken PLAY and sends nothing.
var errSilent = errors.New("the camera sends no media")

// camera is a session with an RTSP server: at most one video and one audio stream of it. Its
// goroutines are gortsplib's. close ends them.
type camera struct {
	client *gortsplib.Client
	medias []*description.Media
	info   headers.RTPInfo // of PLAY; nil: there is none
	took   atomic.Uint64   // packets
}

// open connects to a camera, follows its redirections, and prepares its streams.
func open(ctx context.Context, cfg Config, protocol gortsplib.Protocol) (*camera, error) {
	target, err := base.ParseURL(cfg.URL)
	if err != nil {
		return nil, errors.New("the address is no URL of RTSP") // without the address, which may have a password
	}
	for range maxRedirections + 1 {
		c := &camera{}
		var elsewhere string
		c.client = &gortsplib.Client{
			Scheme: target.Scheme, Host: target.Host, Protocol: &protocol, AnyPortEnable: true, UserAgent: "tilemix",
			DialContext: cfg.Dial,
			ListenPacket: func(network, address string) (net.PacketConn, error) {
				return new(net.ListenConfig).ListenPacket(ctx, network, address)
			},
			OnResponse:        func(r *base.Response) { elsewhere = tame(r) },
			OnTransportSwitch: func(error) {}, OnPacketsLost: func(uint64) {}, OnDecodeError: func(error) {},
		}
		err := c.describe(ctx, target)
		if err == nil {
			return c, nil
		}
		c.close()
		if elsewhere == "" {
			return nil, err
		}
		if target, err = redirected(target, elsewhere); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the server redirects more than %d times", maxRedirections)
}

// source matches the host that a server names for its RTP, which the client would send to.
var source = regexp.MustCompile(`;\s*source=[^;]*`)

// tame removes from a response what would have gortsplib connect or send elsewhere. It returns the
// target of a redirection.
func tame(r *base.Response) (elsewhere string) {
	for i, v := range r.Header["Transport"] {
		r.Header["Transport"][i] = source.ReplaceAllString(v, "")
	}
	if location := r.Header["Location"]; r.StatusCode >= 300 && r.StatusCode < 400 && len(location) > 0 {
		delete(r.Header, "Location")
		return location[0]
	}
	return ""
}

// redirected returns the URL of a redirection. User and password go to the same host only.
func redirected(from *base.URL, to string) (*base.URL, error) {
	u, err := base.ParseURL(to)
	if err != nil || u.Scheme != from.Scheme {
		return nil, errors.New("the server redirects to what is no " + from.Scheme + " URL")
	}
	u.User = nil
	if u.Host == from.Host {
		u.User = from.User
	}
	return u, nil
}

// describe asks what the camera has, and sets up the first video and the first audio stream.
func (c *camera) describe(ctx context.Context, target *base.URL) error {
	if err := c.client.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, c.client.Close)
	defer stop()
	all, _, err := c.client.Describe(target)
	if err != nil {
		return err
	}
	for _, kind := range []description.MediaType{description.MediaTypeVideo, description.MediaTypeAudio} {
		for _, m := range all.Medias {
			if m.Type == kind && !m.IsBackChannel && len(m.Formats) > 0 {
				c.medias = append(c.medias, m)
				break
			}
		}
	}
	if len(c.medias) == 0 {
		return errors.New("the stream has neither video nor audio")
	}
	return c.client.SetupAll(all.BaseURL, c.medias)
}

// sdp describes the streams: that of media i has the control attribute "i".
func (c *camera) sdp() ([]byte, error) {
	var d description.Session
	for i, m := range c.medias {
		own := *m
		own.Control, own.ID, own.KeyMgmtMikey = control(i), "", nil
		d.Medias = append(d.Medias, &own)
	}
	return d.Marshal()
}

// play starts the streams. put gets each packet with its channel: 2i for RTP of media i, and 2i+1 for
// RTCP. gortsplib's goroutines call it, for UDP several at a time.
func (c *camera) play(put func(channel int, packet []byte)) error {
	channels := map[*description.Media]int{}
	for i, m := range c.medias {
		channels[m] = 2 * i
	}
	c.client.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		c.took.Add(1)
		if b, err := p.Marshal(); err == nil {
			put(channels[m], b)
		}
	})
	c.client.OnPacketRTCPAny(func(m *description.Media, p rtcp.Packet) {
		if b, err := p.Marshal(); err == nil {
			put(channels[m]+1, b)
		}
	})
	answer, err := c.client.Play(nil)
	if err == nil {
		c.starts(answer.Header["RTP-Info"])
	}
	return err
}

// starts reads where the streams begin (RFC 2326 §12.33). A client keeps them together by that until
// the first sender reports come.
func (c *camera) starts(header base.HeaderValue) {
	if err := c.info.Unmarshal(header); err != nil || len(c.info) != len(c.medias) {
		c.info = nil
	}
}

// wait returns when the session has ended.
func (c *camera) wait() error { return c.client.Wait() }

// close ends the session and waits for its goroutines. It may be called twice.
func (c *camera) close() { c.client.Close() }
