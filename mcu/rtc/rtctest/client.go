package rtctest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest/network"
)

// Patience is how long anything is waited for. Tests that pass are not slowed by
// it.
const Patience = poll.Patience

// Options say what a client is.
type Options struct {
	// Direction of both its sound and its picture; zero is sendrecv.
	Direction webrtc.RTPTransceiverDirection
	// Cameras is the number of pictures it sends; zero is 1.
	Cameras int
	// HideSSRC leaves all SSRCs out of offers, and all pictures but the first.
	HideSSRC bool
	// H264 is the fmtp line of the only H.264 that the client speaks; empty is all
	// that pion offers by default, H.264 first.
	H264 string
	// VP8 clients' offers begin with VP8, and have only VP8 where H264 is empty.
	// They send VP8, unless H264 is in packetization-mode 1.
	VP8 bool
	// Stereo clients ask for two channels of sound (RFC 7587 §6.1). Other clients do not say.
	Stereo bool
	// TWCC clients number their packets across all streams, as browsers do, so that the server
	// reports when they arrived.
	TWCC bool
	// Feedback clients report when packets arrive, as browsers do, so that the server suits what it
	// sends to their path. Buffered ones do so too, and those with a Line. For others the server
	// sees no limit, however late this machine lets them read.
	Feedback bool
	// NoDecode counts the received packets and does not decode them.
	NoDecode bool
	// Buffered clients receive as browsers do. They put packets in order, wait for
	// retransmissions, ask for an IDR where none arrives, and play sound from a jitter
	// buffer. Other clients take packets in the order of arrival, and report each that
	// is missing as a fault.
	Buffered bool
	// Line lies between the client and the server; zero is a perfect one.
	Line network.Line
	// Transport is how its packets get to the server; zero is UDP.
	Transport Transport
	// Message gets what comes over the data channel "control", which is opened
	// only where Message is set.
	Message func([]byte)
}

// Client is a participant's end of a connection. Its methods are safe for
// concurrent use.
type Client struct {
	publisher
	connection
	// VideoSink and AudioSink are what it receives.
	VideoSink *VideoSink
	AudioSink *AudioSink

	mu      sync.Mutex // between a track that comes and Close
	closed  bool
	closing sync.Once
}

// New returns a client that has offered nothing yet. It is closed when the test
// ends, at the latest.
func New(t testing.TB, o Options) *Client {
	t.Helper()
	c := &Client{
		publisher:  publisher{t: t, born: time.Now(), stop: make(chan struct{})},
		connection: connection{hideSSRC: o.HideSSRC, connected: make(chan struct{}), gone: make(chan struct{})},
		VideoSink:  newVideoSink(t), AudioSink: newAudioSink(t),
	}
	c.format = formatOf(webrtc.MimeTypeH264)
	if o.VP8 && !strings.Contains(o.H264, "packetization-mode=1") {
		c.format = formatOf(webrtc.MimeTypeVP8)
	}
	if err := c.open(o); err != nil {
		t.Fatalf("make a client: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

func (c *Client) open(o Options) error {
	var err error
	if o.Transport.direct() {
		if c.line, err = network.Open(o.Line); err != nil {
			return err
		}
		c.mux = webrtc.NewICEUDPMux(quiet().NewLogger("ice"), c.line)
	}
	api, err := newAPI(o.Transport.settings(c.mux), o)
	if err != nil {
		return err
	}
	pc, err := api.NewPeerConnection(o.Transport.configuration())
	if err != nil {
		return err
	}
	c.connection.pc, c.publisher.pc = pc, pc
	connected, gone := sync.OnceFunc(func() { close(c.connected) }), sync.OnceFunc(func() { close(c.gone) })
	c.connection.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			connected()
		case webrtc.PeerConnectionStateClosed, webrtc.PeerConnectionStateFailed:
			gone()
		}
	})
	c.connection.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		c.receive(track, receiver, o)
	})
	if err := c.openControl(o); err != nil {
		return err
	}
	if o.Direction == webrtc.RTPTransceiverDirectionUnknown {
		o.Direction = webrtc.RTPTransceiverDirectionSendrecv
	}
	if c.Audio, err = c.add(o.Direction, webrtc.RTPCodecTypeAudio, webrtc.MimeTypeOpus); err != nil {
		return err
	}
	if c.Video, err = c.add(o.Direction, webrtc.RTPCodecTypeVideo, c.format.mime); err != nil {
		return err
	}
	for range o.Cameras - 1 {
		u, err := c.add(webrtc.RTPTransceiverDirectionSendonly, webrtc.RTPCodecTypeVideo, c.format.mime)
		if err != nil {
			return err
		}
		c.More = append(c.More, u)
	}
	return nil
}

// receive runs what looks at a track. A track may come while the client is closed.
func (c *Client) receive(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver, o Options) {
	video := track.Kind() == webrtc.RTPCodecTypeVideo
	run := c.AudioSink.run
	switch {
	case video && o.NoDecode:
		run = func(track *webrtc.TrackRemote) { c.VideoSink.count(track, true) }
	case video && o.Buffered:
		run = func(track *webrtc.TrackRemote) { c.VideoSink.repair(track, c.RequestKeyFrame) }
	case video:
		run = c.VideoSink.run
	case o.NoDecode:
		run = func(track *webrtc.TrackRemote) { c.AudioSink.count(track, false) }
	case o.Buffered:
		run = c.AudioSink.play
	}
	reports := &c.AudioSink.reports
	if video {
		reports = &c.VideoSink.reports
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.wg.Go(func() { run(track) })
	c.wg.Go(func() { reports.listen(receiver) })
}

func (c *Client) openControl(o Options) error {
	if o.Message == nil {
		return nil
	}
	var err error
	if c.control, err = c.connection.pc.CreateDataChannel("control", nil); err != nil {
		return err
	}
	c.control.OnMessage(func(m webrtc.DataChannelMessage) { o.Message(m.Data) })
	return nil
}

// Close ends the connection and everything that the client does. A second Close
// does nothing.
func (c *Client) Close() {
	c.closing.Do(func() {
		close(c.stop)
		c.shut()
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
		c.wg.Wait()
	})
}
