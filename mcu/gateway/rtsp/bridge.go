package rtsp

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/conn"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
)

const (
	// arrival is how long a camera may send nothing by TCP before UDP is tried.
	arrival = 4 * time.Second
	// writeTimeout is how long FFmpeg may take nothing.
	writeTimeout = 10 * time.Second
	// maxEarly bounds what is kept of packets that come before the answer to PLAY, in bytes.
	maxEarly = 4 << 20
)

// Config says what a Bridge reads.
type Config struct {
	URL string // of the camera, with user and password
	// Dial connects to the camera and decides whether it may. It is [net.Dialer.DialContext].
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Bridge reads a camera for one client, FFmpeg, which connects to URL. Run has one goroutine for the
// camera beside those of gortsplib. Methods may be called by several goroutines.
type Bridge struct {
	cfg      Config
	listener net.Listener
	path     string // a secret, because other users of the machine can connect

	mu   sync.Mutex // guards what follows, and writes to conn
	net  net.Conn
	conn *conn.Conn
	buf  []byte
	err  error // why the camera's stream ended

	playing bool   // PLAY was answered
	early   []byte // frames that came before
}

// Listen returns a bridge whose port is open. The caller has to call Run, which closes it.
func Listen(ctx context.Context, cfg Config) (*Bridge, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Bridge{cfg: cfg, listener: l, path: "/" + rand.Text(), buf: make([]byte, 4+1<<16)}, nil
}

// URL returns the address for the client. It has no password of the camera.
func (b *Bridge) URL() string { return "rtsp://" + b.listener.Addr().String() + b.path }

// Port returns the port at which the player reads it.
func (b *Bridge) Port() uint16 { return netip.MustParseAddrPort(b.listener.Addr().String()).Port() }

// Err returns why the camera could not be read, or its stream has ended. It is nil if neither is so.
func (b *Bridge) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// control returns the control attribute of a media.
func control(media int) string { return "media=" + strconv.Itoa(media) }

// Run serves clients, one after another, until ctx ends. It returns after everything has ended.
func (b *Bridge) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = b.listener.Close() })
	defer stop()
	defer b.listener.Close()
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.serve(ctx, c)
	}
}

// serve answers the requests of a client until it leaves.
func (b *Bridge) serve(ctx context.Context, c net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { _ = c.Close() })
	var playing sync.WaitGroup
	defer playing.Wait()
	defer cancel()
	var source *camera
	b.mu.Lock()
	b.net, b.conn = c, conn.NewConn(bufio.NewReader(c), c)
	b.playing, b.early = false, nil
	b.mu.Unlock()
	for {
		message, err := b.conn.Read()
		if err != nil {
			break
		}
		request, ok := message.(*base.Request)
		if !ok { // receiver reports
			continue
		}
		response := &base.Response{StatusCode: base.StatusOK, Header: base.Header{
			"CSeq": request.Header["CSeq"], "Session": base.HeaderValue{"1"},
		}}
		switch {
		case request.URL == nil || !strings.HasPrefix(request.URL.Path, b.path):
			response.StatusCode = base.StatusNotFound
		case request.Method == base.Options:
			response.Header["Public"] = base.HeaderValue{"DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"}
		case request.Method == base.Describe && source == nil:
			if source, err = b.describe(ctx, response); err != nil {
				b.fail(err)
				response.StatusCode = base.StatusBadGateway
			}
		case request.Method == base.Setup:
			setUp(request, response)
		case request.Method == base.Play && source != nil:
			if err := source.play(b.put); err != nil {
				b.fail(err)
				response.StatusCode = base.StatusBadGateway
				break
			}
			b.start(source, response)
			first := source
			playing.Go(func() {
				defer cancel()
				b.play(ctx, first)
			})
			source = nil
			continue
		case request.Method == base.Teardown:
			cancel()
		}
		b.write(func() error { return b.conn.WriteResponse(response) })
	}
	if source != nil {
		source.close()
	}
}

// describe opens the camera, by TCP, and by UDP if the camera refuses that.
func (b *Bridge) describe(ctx context.Context, response *base.Response) (*camera, error) {
	c, err := open(ctx, b.cfg, gortsplib.ProtocolTCP)
	if refused(err) {
		c, err = open(ctx, b.cfg, gortsplib.ProtocolUDP)
	}
	if err != nil {
		return nil, err
	}
	text, err := c.sdp()
	if err != nil {
		c.close()
		return nil, err
	}
	response.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
	response.Header["Content-Base"] = base.HeaderValue{b.URL() + "/"}
	response.Body = text
	return c, nil
}

// setUp confirms the channels that a client asks for.
func setUp(request *base.Request, response *base.Response) {
	var want headers.Transport
	if err := want.Unmarshal(request.Header["Transport"]); err != nil || want.InterleavedIDs == nil {
		response.StatusCode = base.StatusUnsupportedTransport
		return
	}
	delivery := headers.TransportDeliveryUnicast
	response.Header["Transport"] = headers.Transport{
		Protocol: headers.TransportProtocolTCP, Delivery: &delivery, InterleavedIDs: want.InterleavedIDs,
	}.Marshal()
}

// start answers PLAY, and writes the packets that have come before.
func (b *Bridge) start(c *camera, response *base.Response) {
	for i := range c.info {
		c.info[i].URL = b.URL() + "/" + control(i)
	}
	if len(c.info) > 0 {
		response.Header["RTP-Info"] = c.info.Marshal()
	}
	b.write(func() error {
		b.playing = true
		if err := b.conn.WriteResponse(response); err != nil {
			return err
		}
		_, err := b.net.Write(b.early)
		b.early = nil
		return err
	})
}

// play passes the camera's packets on until its stream ends. If nothing comes by TCP, it tries UDP.
func (b *Bridge) play(ctx context.Context, c *camera) {
	err := b.pass(ctx, c)
	if errors.Is(err, errSilent) && ctx.Err() == nil {
		if c, err = open(ctx, b.cfg, gortsplib.ProtocolUDP); err == nil {
			if err = c.play(b.put); err == nil {
				err = b.pass(ctx, c)
			}
			c.close()
		}
	}
	if ctx.Err() == nil {
		b.fail(err)
	}
}

// pass passes the packets of a session on, and closes it.
func (b *Bridge) pass(ctx context.Context, c *camera) error {
	defer c.close()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	silent := time.AfterFunc(arrival, func() {
		if c.took.Load() == 0 {
			c.close()
		}
	})
	defer silent.Stop()
	err := c.wait()
	if c.took.Load() == 0 {
		return errSilent
	}
	return err
}

// put writes a packet to the client. It keeps packets that come before the answer to PLAY, because
// FFmpeg skips them there, and the first has the key frame.
func (b *Bridge) put(channel int, packet []byte) {
	b.write(func() error {
		frame := base.InterleavedFrame{Channel: channel, Payload: packet}
		if b.playing {
			return b.conn.WriteInterleavedFrame(&frame, b.buf)
		}
		if f, err := frame.Marshal(); err == nil && len(b.early)+len(f) <= maxEarly {
			b.early = append(b.early, f...)
		}
		return nil
	})
}

// write calls f, which writes to the client. A client that takes nothing is disconnected.
func (b *Bridge) write(f func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.net.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := f(); err != nil {
		_ = b.net.Close()
	}
}

// fail keeps the first error.
func (b *Bridge) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = plain(err)
	}
}
