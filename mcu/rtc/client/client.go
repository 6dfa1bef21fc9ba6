package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	formats "github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
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
	// Silence is how long nothing may come before the connection has ended; 0 is 10 s.
	Silence time.Duration
	// Stalled is told that nothing has come for a quarter of Silence, each time that this begins. nil:
	// nobody wants to know.
	Stalled func()
	// Stereo says that the sound that it sends has two channels. With Packet, it asks for two.
	Stereo bool
	// Picture and Sound take what comes; nil drops it.
	Picture, Sound func(Sample)
	// Packet takes all that comes in place of Picture and Sound, as it comes: out of order, and what is
	// repeated twice. The payload is valid during the call. Such a client sends nothing.
	Packet func(h *rtp.Header, payload []byte)
	// Report is told which instant of the server's clock a timestamp is, where there is Packet.
	Report func(timestamp uint32, at time.Time)
	// Only is what a client with Packet receives: pictures in a codec, or else sound.
	Only codec.Kind
	// Message takes control messages; nil asks for none.
	Message func(control.Message)
	// KeyFrame is told that the server wants one.
	KeyFrame func()
	// Limit is told the bitrate, in bits a second, that the server limits the
	// client's picture to (REMB).
	Limit func(bps int)
}

// Sample is an access unit (Annex B) or an Opus packet.
type Sample struct {
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
	mu           sync.Mutex // between a track that comes and Close
	closed       bool
	wg           sync.WaitGroup
	pictures     atomic.Uint64 // that have come
	packets      atomic.Uint64 // of sound, that have come
	watched      atomic.Uint32 // SSRC of the picture; 0: none has come
}

// New returns a client that has offered nothing yet. The caller closes it.
func New(cfg Config) (*Client, error) {
	c := &Client{cfg: cfg, connected: make(chan struct{}), ended: make(chan struct{})}
	api, err := newAPI(c.cfg)
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
		case webrtc.PeerConnectionStateDisconnected: // it may come back
			if c.cfg.Stalled != nil {
				c.cfg.Stalled()
			}
		default:
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
	if c.cfg.Packet == nil || c.cfg.Only == 0 {
		if c.audio, err = c.add(c.cfg.sound(), c.cfg.SendAudio); err != nil {
			return err
		}
	}
	if c.cfg.Packet == nil || c.cfg.Only != 0 {
		c.video, err = c.add(c.cfg.picture(), c.cfg.SendVideo)
	}
	return err
}

// receive starts what reads a track. A track may come while the client is closed.
func (c *Client) receive(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	r := &inbound{track: track, pc: c.pc, rate: int64(track.Codec().ClockRate)}
	if c.cfg.Packet != nil {
		r.report = c.cfg.Report
		c.wg.Go(func() { r.listen(receiver) })
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			c.watched.Store(uint32(track.SSRC()))
		}
		c.wg.Go(func() { r.pass(c.cfg.Packet) })
		return
	}
	c.wg.Go(func() { r.listen(receiver) })
	if track.Kind() == webrtc.RTPCodecTypeVideo {
		r.take, r.count = c.cfg.Picture, &c.pictures
		c.wg.Go(r.watch)
		return
	}
	r.take, r.count = c.cfg.Sound, &c.packets
	c.wg.Go(r.hear)
}

// add makes a transceiver, and a sender for it where the client sends.
func (c *Client) add(codec webrtc.RTPCodecCapability, sends bool) (*sender, error) {
	kind := webrtc.RTPCodecTypeVideo
	var pay rtp.Payloader = &formats.H264Payloader{}
	if codec.MimeType == webrtc.MimeTypeOpus {
		kind, pay = webrtc.RTPCodecTypeAudio, &formats.OpusPayloader{}
	}
	if !sends {
		_, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticRTP(codec, kind.String(), "tilemix")
	if err != nil {
		return nil, err
	}
	direction := webrtc.RTPTransceiverDirectionSendrecv
	if c.cfg.SendOnly {
		direction = webrtc.RTPTransceiverDirectionSendonly
	}
	transceiver, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: direction})
	if err != nil {
		return nil, err
	}
	c.wg.Go(func() { c.listen(transceiver.Sender()) })
	return &sender{
		track: track, pay: pay, rate: int64(codec.ClockRate),
		seq: uint16(random()), origin: random(),
	}, nil
}

// listen reads what the server says of a track until the client is closed.
func (c *Client) listen(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				if c.cfg.KeyFrame != nil {
					c.cfg.KeyFrame()
				}
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				if c.cfg.Limit != nil {
					c.cfg.Limit(int(p.Bitrate))
				}
			}
		}
	}
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

// WriteVideo sends an access unit (Annex B). at counts from any instant, the same for
// picture and sound, and rises. Before the connection stands it is lost.
func (c *Client) WriteVideo(au []byte, at time.Duration) error { return c.video.write(au, at) }

// WriteAudio sends an Opus packet; at is that of WriteVideo. Not both may be called by
// several goroutines each.
func (c *Client) WriteAudio(packet []byte, at time.Duration) error { return c.audio.write(packet, at) }

// Run waits until ctx ends, then it returns its error, or until the connection has
// ended, also by Config.Silence without a packet, then it returns ErrLost.
func (c *Client) Run(ctx context.Context) error {
	select {
	case <-c.ended:
		return ErrLost
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RequestKeyFrame asks the server for a key frame, if a picture has come.
func (c *Client) RequestKeyFrame() {
	if ssrc := c.watched.Load(); ssrc != 0 {
		_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
	}
}

// Received returns how many pictures and packets of sound have come.
func (c *Client) Received() (pictures, packets uint64) {
	return c.pictures.Load(), c.packets.Load()
}

// Close ends the connection.
func (c *Client) Close() error {
	err := c.pc.Close()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.wg.Wait()
	return err
}
