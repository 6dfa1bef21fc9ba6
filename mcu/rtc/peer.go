package rtc

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/rtc/send"
)

// maxCandidates bounds what a client can make ICE check between two offers.
const maxCandidates = 64

// maxTracks bounds the streams of one kind that a connection runs at a time. An offer has
// one. A sender that does not name its SSRCs may begin anew with another, and nothing then
// ends the one before.
const maxTracks = 4

// Events are called from the connection's goroutines. None may be nil.
type Events struct {
	// Video and Audio run a track; each has a goroutine of its own and returns
	// when the track's Read fails.
	Video, Audio func(*Track)
	// KeyFrame is called when the receiver asks for a key frame.
	KeyFrame func()
	// Control is called with each message of the control channel.
	Control func(data []byte)
	// ControlOpen is called when the client has opened a control channel.
	ControlOpen func()
	// Connected is called whenever the connection stands.
	Connected func()
	// Failed is called whenever nothing came for 15 s, or the connection could not be made.
	// An offer that restarts ICE may have it stand again.
	Failed func()
	// Ended is called once when the connection was closed: by the client, by Close, or
	// because it brings more streams or data channels than it may, or its reports found a
	// fault.
	Ended func()
}

// Peer is one participant's connection. It is safe for concurrent use.
type Peer struct {
	pc           *webrtc.PeerConnection
	api          *webrtc.API
	events       Events
	audio, video *localTrack
	counts       *counts // of all peers
	log          logging.LeveledLogger
	channels

	negotiating sync.Mutex                // guards the next three
	picture     codec.Kind                // what pictures are sent in, both ways; 0 before one is offered
	early       []webrtc.ICECandidateInit // came before the first offer
	candidates  int                       // that came since the last offer
	ended       sync.Once

	life   sync.Mutex // guards closed, so that nothing starts after Close
	closed bool
	wg     sync.WaitGroup

	cameras, microphones atomic.Int32 // tracks that run
}

// NewPeer returns a connection that waits for an offer. The caller closes it.
func (a *API) NewPeer(events Events) (*Peer, error) {
	pc, err := a.api.NewPeerConnection(webrtc.Configuration{
		Certificates: []webrtc.Certificate{a.cert},
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		return nil, fmt.Errorf("make a peer connection: %w", err)
	}
	path := send.NewPath(pc.WriteRTCP, a.pacer, &a.counts.Counters, time.Now())
	p := &Peer{
		pc:     pc,
		api:    a.api,
		events: events,
		counts: &a.counts,
		log:    a.log,
		audio:  &localTrack{send.NewAudio(path), webrtc.RTPCodecTypeAudio},
		video:  &localTrack{send.NewVideo(path), webrtc.RTPCodecTypeVideo},
	}
	pc.OnTrack(p.onTrack)
	pc.OnDataChannel(p.onDataChannel)
	pc.OnConnectionStateChange(p.onState)
	return p, nil
}

// Audio returns the sound that the participant receives.
func (p *Peer) Audio() *send.Downlink { return p.audio.Downlink }

// Video returns the picture that the participant receives.
func (p *Peer) Video() *send.Downlink { return p.video.Downlink }

// Close ends the connection and waits for the goroutines that run its Events.
func (p *Peer) Close() {
	p.life.Lock()
	p.closed = true
	p.life.Unlock()
	_ = p.pc.GracefulClose()
	p.wg.Wait()
	p.ended.Do(p.events.Ended)
}

// expel closes the connection of a client that takes more than it may, and calls Ended at
// once.
func (p *Peer) expel() {
	p.ended.Do(func() {
		p.events.Ended()
		p.start(func() { _ = p.pc.Close() })
	})
}

// guarded is f for a goroutine that reads RTCP. A client's report that finds a fault of the
// server's ends only that client's connection, because f panics with no lock held and
// nothing half done that others need. Decoders are in C, where that cannot be known, so
// their goroutines are not guarded.
func (p *Peer) guarded(f func()) func() {
	return func() {
		defer func() {
			if fault := recover(); fault != nil {
				p.counts.panics.Add(1)
				p.log.Errorf("a connection's RTCP: %v\n%s", fault, debug.Stack())
				p.expel()
			}
		}()
		f()
	}
}

// start runs f in a goroutine that Close waits for.
func (p *Peer) start(f func()) {
	p.life.Lock()
	defer p.life.Unlock()
	if !p.closed {
		p.wg.Go(f)
	}
}

// Offer takes an offer and returns the answer, with all of the server's
// candidates in it. A later offer renegotiates.
func (p *Peer) Offer(ctx context.Context, sdp string) (string, error) {
	wish, err := inspect(sdp)
	if err != nil {
		return "", err
	}
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: p.prefer(sdp)}
	if err := p.pc.SetRemoteDescription(offer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	if err := p.attach(wish); err != nil {
		return "", err
	}
	for _, c := range p.early {
		_ = p.pc.AddICECandidate(c) // a candidate that is no use concerns the client alone
	}
	p.early, p.candidates = nil, 0
	return p.answer(ctx)
}

// attach puts our downlinks on the transceivers that the offer made.
func (p *Peer) attach(wish wishes) error {
	for _, d := range []*localTrack{p.audio, p.video} {
		wanted := wish.audio && d == p.audio || wish.video && d == p.video
		if !wanted || p.attached(d) {
			continue
		}
		sender, err := p.pc.AddTrack(d)
		if err != nil {
			return fmt.Errorf("add the %s downlink: %w", d.kind, err)
		}
		p.start(p.guarded(func() { p.listen(sender, d.Downlink) }))
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

// AddCandidate adds a candidate of the client. An empty one ends them. Candidates that
// arrive before the first offer wait for it.
func (p *Peer) AddCandidate(candidate string, mid *string, mline *uint16) error {
	c := webrtc.ICECandidateInit{Candidate: candidate, SDPMid: mid, SDPMLineIndex: mline}
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if p.candidates++; p.candidates > maxCandidates {
		return fmt.Errorf("%w: more than %d candidates", ErrBadSDP, maxCandidates)
	}
	if p.pc.RemoteDescription() == nil {
		p.early = append(p.early, c)
		return nil
	}
	if err := p.pc.AddICECandidate(c); err != nil {
		return fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	return nil
}

func (p *Peer) onTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	run, running := p.events.Audio, &p.microphones
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		run, running = p.events.Video, &p.cameras
	}
	if running.Add(1) > maxTracks {
		p.expel()
		return
	}
	t := newTrack(p.pc, remote, receiver)
	p.start(p.guarded(func() { t.listen(receiver) }))
	p.start(func() {
		defer running.Add(-1)
		run(t)
	})
}

func (p *Peer) onState(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.audio.Open()
		p.video.Open()
		p.events.Connected()
	case webrtc.PeerConnectionStateFailed:
		p.events.Failed()
	case webrtc.PeerConnectionStateClosed:
		p.ended.Do(p.events.Ended)
	}
}
