package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
)

// Silence on the line makes a connection disconnected after iceDisconnected and failed
// after iceFailed more, 10 s in all. A server of ours takes 15 s: who joins again before
// it has noticed says that he leaves first (DELETE).
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 5 * time.Second
	iceKeepAlive    = 2 * time.Second
)

// ErrLost is returned by Run when the connection failed or the server ended it.
var ErrLost = errors.New("connection lost")

// Config says what a Client does. Its functions are called by the client's goroutines,
// one at a time each, and must not block.
type Config struct {
	// SendVideo and SendAudio say what it sends beside receiving both.
	SendVideo, SendAudio bool
	// SendOnly clients receive nothing.
	SendOnly bool
	// Picture and Sound take what comes; nil drops it.
	Picture, Sound func(Unit)
	// Message takes control messages; nil asks for none.
	Message func(control.Message)
	// KeyFrame is told that the server wants one.
	KeyFrame func()
	// Limit is told the bitrate, in bits a second, that the server limits the
	// client's picture to (REMB).
	Limit func(bps int)
}

// Unit is an access unit (Annex B) or an Opus packet.
type Unit struct {
	Data []byte // valid during the call
	Key  bool
	// At is its instant by the server's clock, the same for picture and sound
	// (RFC 3550 §6.4.1).
	At time.Time
}

// Client is a connection to a server. Its methods are safe for concurrent use.
//
// Each track that comes has two goroutines, for its packets and its reports, each that
// is sent one for its reports. Close waits for them.
type Client struct {
	cfg          Config
	pc           *webrtc.PeerConnection
	video, audio *sender
	connected    chan struct{}
	ended        chan struct{}
	wg           sync.WaitGroup
	received     [2]atomic.Uint64
}

// New returns a client that has offered nothing yet. Whoever gets it closes it.
func New(cfg Config) (*Client, error) {
	c := &Client{cfg: cfg, connected: make(chan struct{}), ended: make(chan struct{})}
	api, err := newAPI()
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if c.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if err := c.open(); err != nil {
		_ = c.pc.Close()
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return c, nil
}

func (c *Client) open() error {
	var connected, ended sync.Once
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			connected.Do(func() { close(c.connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			ended.Do(func() { close(c.ended) })
		default: // it may come back
		}
	})
	c.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) { c.receive(track, receiver) })
	if c.cfg.Message != nil {
		channel, err := c.pc.CreateDataChannel(rtc.ControlLabel, nil)
		if err != nil {
			return err
		}
		channel.OnMessage(func(m webrtc.DataChannelMessage) {
			if message, err := control.Decode(m.Data); err == nil {
				c.cfg.Message(message)
			}
		})
		channel.OnClose(func() { ended.Do(func() { close(c.ended) }) })
	}
	var err error
	if c.audio, err = c.add(opus, c.cfg.SendAudio); err != nil {
		return err
	}
	c.video, err = c.add(h264, c.cfg.SendVideo)
	return err
}

// newAPI returns pion with its default interceptors, for Opus and H.264.
func newAPI() (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	for _, codec := range codecs() {
		kind := webrtc.RTPCodecTypeVideo
		if codec.MimeType == webrtc.MimeTypeOpus {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := media.RegisterCodec(codec, kind); err != nil {
			return nil, err
		}
	}
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeAudio)
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = &logging.DefaultLoggerFactory{Writer: io.Discard}
	s.SetIncludeLoopbackCandidate(true) // the server may be on this machine
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepAlive)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	return webrtc.NewAPI(webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s)), nil
}

// Offer returns an offer with all candidates in it.
func (c *Client) Offer(ctx context.Context) (string, error) {
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		return "", fmt.Errorf("offer: %w", err)
	}
	select {
	case <-gathered:
		return c.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Answer takes the server's answer and waits until the connection stands.
func (c *Client) Answer(ctx context.Context, sdp string) error {
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
	if err := c.pc.SetRemoteDescription(answer); err != nil {
		return fmt.Errorf("take the answer: %w", err)
	}
	select {
	case <-c.connected:
		return nil
	case <-c.ended:
		return fmt.Errorf("connect: %w", ErrLost)
	case <-ctx.Done():
		return fmt.Errorf("connect: %w", ctx.Err())
	}
}

// Run waits until ctx ends, then it returns its error, or until the connection has
// ended, also by 10 s without a packet, then it returns ErrLost.
func (c *Client) Run(ctx context.Context) error {
	select {
	case <-c.ended:
		return ErrLost
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Received returns how many pictures and packets of sound have come.
func (c *Client) Received() (pictures, packets uint64) {
	return c.received[0].Load(), c.received[1].Load()
}

// Close ends the connection.
func (c *Client) Close() error {
	err := c.pc.Close()
	c.wg.Wait()
	return err
}
