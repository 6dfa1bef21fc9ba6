package rtctest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"
)

// Patience is how long anything is waited for. Tests that pass are not slowed by
// it.
const Patience = 45 * time.Second

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
	// VP8 clients' offers begin with VP8, and have nothing else where H264 is empty.
	// They send VP8, unless H264 is in packetization-mode 1.
	VP8 bool
	// NoDecode counts the received packets and does not decode them.
	NoDecode bool
	// Buffered clients receive as browsers do: they put packets in order, wait for
	// those that are asked for again, ask for an IDR where they do not come,
	// and play sound from a jitter buffer. Others take every packet as it comes,
	// and hold the stream to having none missing.
	Buffered bool
	// Line lies between the client and the server; zero is a perfect one.
	Line Line
	// Transport is how its packets get to the server; zero is UDP.
	Transport Transport
	// Message gets what comes over the data channel "control", which is opened
	// only where Message is set.
	Message func([]byte)
}

// Client is a participant's end of a connection. Its methods are safe for
// concurrent use.
type Client struct {
	// Video and Audio are what it sends with; nil where it only receives.
	Video, Audio *Uplink
	// More are the pictures after the first, where Options ask for them.
	More []*Uplink
	// VideoSink and AudioSink are what it receives.
	VideoSink *VideoSink
	AudioSink *AudioSink

	t         testing.TB
	format    format // of what it sends
	hideSSRC  bool
	pc        *webrtc.PeerConnection
	mux       ice.UDPMux
	line      *line
	control   *webrtc.DataChannel
	born      time.Time
	connected chan struct{}
	gone      chan struct{} // the connection has ended
	stop      chan struct{}
	closing   sync.Once
	wg        sync.WaitGroup
}

// New returns a client that has offered nothing yet. It is closed when the test
// ends, at the latest.
func New(t testing.TB, o Options) *Client {
	t.Helper()
	c := &Client{
		t: t, hideSSRC: o.HideSSRC, born: time.Now(),
		connected: make(chan struct{}), gone: make(chan struct{}), stop: make(chan struct{}),
		VideoSink: newVideoSink(t), AudioSink: newAudioSink(t),
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
		if c.line, err = openLine(o.Line); err != nil {
			return err
		}
		c.mux = webrtc.NewICEUDPMux(quiet().NewLogger("ice"), c.line)
	}
	api, err := newAPI(o.Transport.settings(c.mux), o)
	if err != nil {
		return err
	}
	if c.pc, err = api.NewPeerConnection(o.Transport.configuration()); err != nil {
		return err
	}
	connected, gone := sync.OnceFunc(func() { close(c.connected) }), sync.OnceFunc(func() { close(c.gone) })
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			connected()
		case webrtc.PeerConnectionStateClosed, webrtc.PeerConnectionStateFailed:
			gone()
		}
	})
	c.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
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

// receive runs what looks at a track.
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
	c.wg.Go(func() { run(track) })
	reports := &c.AudioSink.reports
	if video {
		reports = &c.VideoSink.reports
	}
	c.wg.Go(func() { reports.listen(receiver) })
}

func (c *Client) openControl(o Options) error {
	if o.Message == nil {
		return nil
	}
	var err error
	if c.control, err = c.pc.CreateDataChannel("control", nil); err != nil {
		return err
	}
	c.control.OnMessage(func(m webrtc.DataChannelMessage) { o.Message(m.Data) })
	return nil
}

// add makes a transceiver and, if the client sends, its uplink.
func (c *Client) add(d webrtc.RTPTransceiverDirection, kind webrtc.RTPCodecType, mime string) (*Uplink, error) {
	init := webrtc.RTPTransceiverInit{Direction: d}
	if d == webrtc.RTPTransceiverDirectionRecvonly || d == webrtc.RTPTransceiverDirectionInactive {
		_, err := c.pc.AddTransceiverFromKind(kind, init)
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, rand.Text(), "self")
	if err != nil {
		return nil, err
	}
	tr, err := c.pc.AddTransceiverFromTrack(track, init)
	if err != nil {
		return nil, err
	}
	u := newUplink(track, c.reporter(tr.Sender()))
	c.wg.Go(func() { u.listen(tr.Sender()) })
	return u, nil
}

// register gives media Opus and the pictures that o asks for, or pion's codecs.
func register(media *webrtc.MediaEngine, o Options) error {
	add := func(pt webrtc.PayloadType, kind webrtc.RTPCodecType, c webrtc.RTPCodecCapability) error {
		if kind == webrtc.RTPCodecTypeVideo {
			c.RTCPFeedback = []webrtc.RTCPFeedback{
				{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
			}
		}
		return media.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt}, kind)
	}
	var errs []error
	if o.VP8 {
		errs = append(errs, add(100, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
		}))
	}
	if o.H264 != "" {
		errs = append(errs, add(97, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: o.H264,
		}))
	}
	if o.VP8 || o.H264 != "" {
		return errors.Join(append(errs, add(96, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
		}))...)
	}
	// pion's list begins with VP8.
	return errors.Join(add(102, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
	}), media.RegisterDefaultCodecs())
}

// newAPI returns what pion's clients are by default but for their pictures and their
// way to the server.
func newAPI(s webrtc.SettingEngine, o Options) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	if err := register(media, o); err != nil {
		return nil, err
	}
	// As browsers do through the page.
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeAudio)
	registry := &interceptor.Registry{}
	// Uplink makes the sender reports: pion's say when packets were sent, and not when
	// what is in them was taken.
	if err := webrtc.RegisterDefaultInterceptorsWithOptions(media, registry,
		webrtc.WithReportSenderOptions(report.SenderInterval(time.Hour))); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s)), nil
}

// Offer returns an offer with all of the client's candidates in it.
func (c *Client) Offer(ctx context.Context) (string, error) { return c.offer(ctx, false) }

// Restart is Offer for one that restarts ICE. Answer takes its answer, and does not wait.
func (c *Client) Restart(ctx context.Context) (string, error) { return c.offer(ctx, true) }

func (c *Client) offer(ctx context.Context, restart bool) (string, error) {
	offer, err := c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	select {
	case <-gathered:
		if c.hideSSRC {
			return conceal(c.pc.LocalDescription().SDP), nil
		}
		return c.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// conceal makes all pictures of an offer but the first inactive, and leaves its
// SSRCs out.
func conceal(offer string) string {
	var out []string
	pictures := 0
	for line := range strings.SplitSeq(offer, "\r\n") {
		if strings.HasPrefix(line, "m=video") {
			pictures++
		}
		if strings.HasPrefix(line, "a=ssrc") {
			continue
		}
		if pictures > 1 && line == "a=sendonly" {
			line = "a=inactive"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\r\n")
}

// Answer takes the server's answer and waits until the connection stands.
func (c *Client) Answer(ctx context.Context, sdp string) error {
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
	if err := c.pc.SetRemoteDescription(answer); err != nil {
		return err
	}
	select {
	case <-c.connected:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect: %w, the connection is %v", ctx.Err(), c.pc.ConnectionState())
	}
}

// Gone is closed when the connection has ended, whoever ended it.
func (c *Client) Gone() <-chan struct{} { return c.gone }

// Send sends a message over the data channel.
func (c *Client) Send(text string) error { return c.control.SendText(text) }

// Vanish cuts the client's line: nothing comes through any more, and nobody is
// told.
func (c *Client) Vanish() { c.Impair(Both(Impairment{Cut: true})) }

// Impair makes the client's line better or worse. Packets that are on their way
// arrive as they would have. The Seed is that of Options.
func (c *Client) Impair(l Line) { c.line.impair(l) }

// Traffic returns what went over the client's line since it was made.
func (c *Client) Traffic() (up, down Traffic) { return c.line.traffic() }

// Close ends the connection and everything that the client does. A second Close
// does nothing.
func (c *Client) Close() {
	c.closing.Do(func() {
		close(c.stop)
		if c.pc != nil {
			_ = c.pc.GracefulClose()
		}
		if c.mux != nil {
			_ = c.mux.Close()
		}
		if c.line != nil {
			_ = c.line.Close()
		}
		c.wg.Wait()
	})
}
