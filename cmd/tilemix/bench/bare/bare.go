// Package bare forwards packets with pion/webrtc as it comes: its own defaults and
// nothing of ours. What that costs is the floor that the cost of our transport is
// held against.
//
// An Exchange has no goroutines of its own but one for each track it receives,
// which Close waits for; the rest are pion's.
package bare

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// Exchange receives from everybody, and sends to everybody what the source sends.
// It is safe for concurrent use.
type Exchange struct {
	api          *webrtc.API
	audio, video *webrtc.TrackLocalStaticRTP

	mu    sync.Mutex
	peers []*webrtc.PeerConnection
	wg    sync.WaitGroup
}

// NewExchange returns an exchange without peers.
func NewExchange() (*Exchange, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	e := &Exchange{}
	var err error
	if e.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "bare"); err != nil {
		return nil, err
	}
	if e.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
	}, "video", "bare"); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = &logging.DefaultLoggerFactory{Writer: io.Discard}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(net.IP.IsLoopback)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.api = webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s))
	return e, nil
}

// Answer makes a peer of an offer. It sends what the source sends, unless it is the
// source itself, and of all others what comes in is read and dropped.
func (e *Exchange) Answer(ctx context.Context, offer string, source bool) (string, error) {
	pc, err := e.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", fmt.Errorf("make a peer connection: %w", err)
	}
	e.mu.Lock()
	e.peers = append(e.peers, pc)
	e.mu.Unlock()
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		e.wg.Go(func() { drain(r.Read) })
		e.wg.Go(func() { e.forward(t, source) })
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	for _, t := range []*webrtc.TrackLocalStaticRTP{e.audio, e.video} {
		if source {
			break
		}
		sender, err := pc.AddTrack(t)
		if err != nil {
			return "", err
		}
		e.wg.Go(func() { drain(sender.Read) })
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	select {
	case <-gathered:
		return pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// drain reads RTCP, which is what lets the interceptors see it.
func drain(read func([]byte) (int, interceptor.Attributes, error)) {
	buf := make([]byte, 1500)
	for {
		if _, _, err := read(buf); err != nil {
			return
		}
	}
}

// forward reads a track until it ends.
func (e *Exchange) forward(t *webrtc.TrackRemote, source bool) {
	out := e.audio
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		out = e.video
	}
	buf := make([]byte, 1600)
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if source {
			_, _ = out.Write(buf[:n])
		}
	}
}

// Close ends all connections.
func (e *Exchange) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, pc := range e.peers {
		_ = pc.GracefulClose()
	}
	e.wg.Wait()
}
