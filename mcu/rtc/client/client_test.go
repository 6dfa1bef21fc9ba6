package client_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/client"
)

// connected returns a client that has the answer of another end, which vanishes without a word when vanish is called.
func connected(t *testing.T, cfg client.Config) (c *client.Client, vanish func()) {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket})
	c, err = client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	offer, err := c.Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Answer(t.Context(), answer(t, mux, offer)); err != nil {
		t.Fatal(err)
	}
	return c, func() { _ = mux.Close() }
}

// TestSilence has the other end vanish without a word, as a server does that is killed.
func TestSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds")
	}
	t.Parallel()
	c, vanish := connected(t, client.Config{SendVideo: true, SendAudio: true, SendOnly: true})
	crowd, began := poll.Crowd(t), time.Now()
	vanish()
	if err := c.Run(t.Context()); !errors.Is(err, client.ErrLost) {
		t.Errorf("it says %v", err)
	}
	if d := time.Since(began); d < 5*time.Second || d > 13*time.Second && crowd() < poll.Crowded {
		t.Errorf("it was noticed after %v", d)
	}
}

// TestStalled has the other end vanish. The client is told before it ends.
func TestStalled(t *testing.T) {
	t.Parallel()
	stalled := make(chan struct{}, 100)
	c, vanish := connected(t, client.Config{SendAudio: true, SendOnly: true, Silence: 4 * time.Second, Stalled: func() { stalled <- struct{}{} }})
	vanish()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(t.Context()) }()
	select {
	case <-stalled:
	case err := <-ended: // both may be there where this goroutine stood still
		if len(stalled) == 0 {
			t.Errorf("it ends before it is told: %v", err)
		}
	}
}

// answer answers an offer for a server that uses one socket.
func answer(t *testing.T, mux ice.UDPMux, offer string) string {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetICEUDPMux(mux)
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	d, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(d); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}
