package signaling_test

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// client is a WebRTC client that sends audio and video and receives the mix.
type client struct {
	*webrtc.PeerConnection
	connected chan struct{}
}

func newClient(t testing.TB, d webrtc.RTPTransceiverDirection) *client {
	t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	for _, codec := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeH264} {
		addMedia(t, pc, codec, d)
	}
	c := &client{pc, make(chan struct{}, 8)}
	pc.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) {
		if s == webrtc.ICEConnectionStateConnected {
			c.connected <- struct{}{}
		}
	})
	return c
}

func addMedia(t testing.TB, pc *webrtc.PeerConnection, codec string, d webrtc.RTPTransceiverDirection) {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: codec}, "track", "stream")
	if err != nil {
		t.Fatal(err)
	}
	if d == webrtc.RTPTransceiverDirectionRecvonly {
		_, err = pc.AddTransceiverFromKind(track.Kind(), webrtc.RTPTransceiverInit{Direction: d})
	} else {
		_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: d})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// offer returns an offer, with all candidates in it or with none.
func (c *client) offer(t testing.TB, candidates, restart bool) string {
	t.Helper()
	o, err := c.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.PeerConnection)
	if err := c.SetLocalDescription(o); err != nil {
		t.Fatal(err)
	}
	<-gathered
	if candidates {
		return c.LocalDescription().SDP
	}
	return o.SDP
}

// accept takes the answer.
func (c *client) accept(t testing.TB, sdp string) {
	t.Helper()
	err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
	if err != nil {
		t.Fatal(err)
	}
}

// wait returns when ICE is connected.
func (c *client) wait(t testing.TB) {
	t.Helper()
	select {
	case <-c.connected:
	case <-time.After(20 * time.Second):
		t.Fatal("ICE did not connect")
	}
}
