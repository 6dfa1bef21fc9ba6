package rtc

import (
	"slices"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/send"
)

// TestOrder: pion has a goroutine for each state of a connection and of a data channel, so one may come after the
// state that followed it. That one is not told, and the connection sends nothing.
func TestOrder(t *testing.T) {
	api, err := NewAPI(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	connected, failed, closed := webrtc.PeerConnectionStateConnected, webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed
	for name, c := range map[string]struct {
		states []webrtc.PeerConnectionState
		expel  bool
		want   []string
		opens  bool
	}{
		"in order":    {[]webrtc.PeerConnectionState{connected, failed, connected, closed}, false, []string{"connected", "failed", "connected", "ended"}, true},
		"late":        {[]webrtc.PeerConnectionState{closed, connected, failed, closed}, false, []string{"ended"}, false},
		"after expel": {[]webrtc.PeerConnectionState{connected, failed}, true, []string{"ended"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var told []string
			say := func(s string) func() { return func() { told = append(told, s) } }
			p, err := api.NewPeer(Events{Connected: say("connected"), Failed: say("failed"), Ended: say("ended")})
			if err != nil {
				t.Fatal(err)
			}
			p.pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) {})
			if c.expel {
				p.life.expel()
			}
			for _, s := range c.states {
				p.onState(s)
			}
			p.Close()
			p.Video().Bind(send.Binding{})
			if !slices.Equal(told, c.want) || p.Video().Ready() != c.opens {
				t.Errorf("told was %q, not %q; does it send? %v", told, c.want, p.Video().Ready())
			}
		})
	}
}

// TestChannelOrder: a control channel that closes before it is known to be open is none.
func TestChannelOrder(t *testing.T) {
	var told []string
	events := Events{
		ControlOpen: func() { told = append(told, "open") }, ControlClosed: func() { told = append(told, "closed") },
	}
	dc := &webrtc.DataChannel{}
	usual := &channels{events: events}
	usual.open(dc)
	usual.close(dc)
	late := &channels{events: events}
	late.close(dc)
	late.open(dc)
	if late.control.Load() != nil || usual.control.Load() != nil || !slices.Equal(told, []string{"open", "closed"}) {
		t.Errorf("told was %q", told)
	}
}
