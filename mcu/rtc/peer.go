package rtc

import (
	"context"
	"fmt"
	"image"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/rtc/offer"
	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/rtc/route"
	"tilemix/mcu/rtc/send"
)

// maxCandidates bounds the candidates that a client may send between two offers.
const maxCandidates = 64

// Events are called from the connection's goroutines. None may be nil.
type Events struct {
	// Video and Audio run a track. Each call has a goroutine, and returns when the
	// track's Read fails. A kind has one track at a time, and another of a screen. Another follows
	// where the sender begins anew, or where another layer of a picture is read.
	Video, Audio func(*Track)
	// Unbound is called with the first packet of each SSRC that belongs to nothing that was
	// answered, and why. It must not block, and may be nil.
	Unbound func(ssrc uint32, payloadType uint8, why string)
	// KeyFrame is called when the receiver asks for a key frame.
	KeyFrame func()
	// Control is called with each message of the control channel.
	Control func(data []byte)
	// ControlOpen is called when the client has opened a control channel.
	ControlOpen func()
	// ControlClosed is called when that channel has closed.
	ControlClosed func()
	// Connected is called whenever the connection stands. Connected, Failed and Ended are called one after the
	// other, Ended last. They must not close the Peer.
	Connected func()
	// Failed is called whenever no packet arrived for 15 s, or the connection could not be
	// made. An offer that restarts ICE may restore it.
	Failed func()
	// Ended is called once when the connection was closed: by the client, by Close, or
	// because it brings more streams or data channels than it may, or its reports found a
	// fault.
	Ended func()
}

// Peer is one participant's connection. It is safe for concurrent use.
type Peer struct {
	pc           *webrtc.PeerConnection
	events       Events
	audio, video *localTrack
	router       *route.Router
	life         *lifetime
	counts       *counts
	channels     *channels
	reports      *reportReader

	negotiating sync.Mutex // guards the next two
	picture     codec.Kind // what pictures are sent in, both ways; 0 before one is offered
	candidates  int        // that came since the last offer

	away   atomic.Bool                 // the client is on another machine
	stereo atomic.Bool                 // the room mixes two channels
	table  atomic.Pointer[route.Table] // of the last answer; nil: there is none yet
}

// NewPeer returns a connection that waits for an offer. The caller closes it.
func (a *API) NewPeer(events Events) (*Peer, error) {
	p := &Peer{events: events, counts: &a.counts}
	in := &inbound{events: events, counts: &a.counts}
	p.router = route.New(in.routed(), a.now)
	api := a.routed(p.router)
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		Certificates: []webrtc.Certificate{a.cert},
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		return nil, fmt.Errorf("make a peer connection: %w", err)
	}
	path := send.NewPath(pc.WriteRTCP, a.pacer, &a.counts.Counters, time.Now())
	p.pc = pc
	p.life = newLifetime(pc, events.Ended, &a.counts, a.log)
	p.channels = &channels{life: p.life, events: events, counts: &a.counts}
	p.reports = &reportReader{api: api, life: p.life, keyFrame: events.KeyFrame}
	in.pc, in.life, in.reports = pc, p.life, newReportWriter(pc.WriteRTCP, p.life, &a.counts.reportsDropped)
	in.arrivals = receive.NewArrivals(in.reports.report, a.now())
	p.audio = &localTrack{send.NewAudio(path), webrtc.RTPCodecTypeAudio}
	p.video = &localTrack{send.NewVideo(path), webrtc.RTPCodecTypeVideo}
	pc.OnDataChannel(p.channels.take)
	pc.OnConnectionStateChange(p.onState)
	return p, nil
}

// Audio returns the sound that the participant receives.
func (p *Peer) Audio() *send.Downlink { return p.audio.Downlink }

// Video returns the picture that the participant receives.
func (p *Peer) Video() *send.Downlink { return p.video.Downlink }

// Close ends the connection and waits for the goroutines that run its Events.
func (p *Peer) Close() {
	p.life.close(p.router.Close)
}

// Send sends a control message over the data channel, if the client opened one. It never
// blocks: a client that leaves maxUnsent bytes unread loses the channel. A spare message is left
// out sooner instead.
func (p *Peer) Send(data []byte, spare bool) { p.channels.send(data, spare) }

// Want says how large the participant's picture is shown, in pixels; zero means that no
// one sees it. The server reads the smallest layer that covers it.
func (p *Peer) Want(tile image.Point) { p.router.Want(tile) }

// Sends tells which kinds of media the client sends, by the last answer. Packets may not have come.
func (p *Peer) Sends() (audio, video bool) {
	if t := p.table.Load(); t != nil {
		for _, s := range t.Sections {
			audio, video = audio || !s.Video && !s.Screen, video || s.Video && !s.Screen
		}
	}
	return audio, video
}

// Pair returns the ICE candidates that media uses, as "udp host 192.0.2.1:4000"; "" before there is
// such a pair.
func (p *Peer) Pair() (local, remote string) {
	t := transportOf(p.pc)
	if t == nil {
		return "", ""
	}
	pair, err := t.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "", ""
	}
	name := func(c *webrtc.ICECandidate) string {
		return fmt.Sprintf("%s %s %s", c.Protocol, c.Typ, net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port))))
	}
	return name(pair.Local), name(pair.Remote)
}

// transportOf returns the ICE transport of a connection, and nil until it has begun, because pion sets it up without
// regard to those who ask.
func transportOf(pc *webrtc.PeerConnection) *webrtc.ICETransport {
	t := pc.SCTP().Transport().ICETransport()
	if t.State() <= webrtc.ICETransportStateNew {
		return nil
	}
	return t
}

// Away says that the client is on another machine, so that answers name no loopback candidate.
func (p *Peer) Away() { p.away.Store(true) }

// Stereo says that the room mixes two channels of sound, so that answers ask for them.
func (p *Peer) Stereo() { p.stereo.Store(true) }

// Offer takes an offer and returns the answer, with all of the server's
// candidates in it. A later offer renegotiates.
func (p *Peer) Offer(ctx context.Context, sdp string) (string, error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	o, err := offer.Read(sdp, p.picture)
	if err != nil {
		return "", err
	}
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.Text}
	if err := p.pc.SetRemoteDescription(description); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	p.picture = o.Picture
	if err := p.attach(o); err != nil {
		return "", err
	}
	p.counts.namedCandidates.Add(uint64(o.Candidates))
	p.candidates = 0
	text, err := p.answer(ctx)
	if err != nil {
		return "", err
	}
	o.Stereo = p.stereo.Load()
	answer, table, err := o.Answer(text, !p.away.Load())
	if err != nil {
		return "", err
	}
	p.table.Store(table)
	p.router.Accept(table)
	return answer, nil
}

// attach puts our downlinks on the transceivers that the offer made.
func (p *Peer) attach(o *offer.Offer) error {
	for _, d := range []*localTrack{p.audio, p.video} {
		wanted := o.Audio && d == p.audio || o.Video && d == p.video
		if !wanted || p.attached(d) {
			continue
		}
		sender, err := p.pc.AddTrack(d)
		if err != nil {
			return fmt.Errorf("add the %s downlink: %w", d.kind, err)
		}
		p.life.start(p.life.guarded(func() { p.reports.read(sender, d.Downlink) }))
	}
	return nil
}

func (p *Peer) attached(d *localTrack) bool {
	for _, s := range p.pc.GetSenders() {
		if s.Track() == webrtc.TrackLocal(d) {
			return true
		}
	}
	return false
}

func (p *Peer) answer(ctx context.Context) (string, error) {
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	select {
	case <-gathered:
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("gather candidates: %w", ctx.Err())
	}
}

// AddCandidate takes a candidate of the client, counts it and does not use it. An empty one ends
// them. The server sends only to where a client's own checks came from, with their password:
// otherwise a client could have it send to anybody.
func (p *Peer) AddCandidate(candidate string) error {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if p.candidates++; p.candidates > maxCandidates {
		return fmt.Errorf("%w: more than %d candidates", ErrBadSDP, maxCandidates)
	}
	if candidate == "" {
		return nil
	}
	if _, err := ice.UnmarshalCandidate(candidate); err != nil {
		return fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	p.counts.namedCandidates.Add(1)
	return nil
}

func (p *Peer) onState(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.life.tell(func() {
			p.audio.Open()
			p.video.Open()
			p.events.Connected()
		})
	case webrtc.PeerConnectionStateFailed:
		p.life.tell(p.events.Failed)
	case webrtc.PeerConnectionStateClosed:
		p.life.end()
	}
}
