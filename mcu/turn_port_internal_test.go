package mcu

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tilemix/mcu/turn"
)

// at is a listener at an address, which nobody connects to.
type at struct {
	net.Listener
	address string
}

func (a at) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a.address)) }
func (a at) Close() error   { return nil }

// TestTURNOnPort: where all has one port, clients are told that port alone, TURN by TCP and by TLS, and the
// addresses at which the listener is reached.
func TestTURNOnPort(t *testing.T) {
	own := []netip.AddrPort{
		netip.MustParseAddrPort("127.0.0.1:443"), netip.MustParseAddrPort("[2001:db8::1]:443"), netip.MustParseAddrPort("192.0.2.1:443"),
	}
	for name, c := range map[string]struct {
		cfg  Config
		want []string
	}{
		"all addresses": {
			Config{TURNTCP: at{address: "[::]:443"}},
			[]string{"turn:192.0.2.1:443?transport=tcp", "turn:[2001:db8::1]:443?transport=tcp"},
		},
		"one address": {
			Config{TURNTCP: at{address: "192.0.2.1:443"}},
			[]string{"turn:192.0.2.1:443?transport=tcp"},
		},
		"loopback": {
			Config{TURNTCP: at{address: "127.0.0.1:443"}},
			[]string{"turn:127.0.0.1:443?transport=tcp"},
		},
		"behind NAT": {
			Config{TURNTCP: at{address: "192.0.2.1:443"}, PublicIPs: []string{"203.0.113.7"}},
			[]string{"turn:203.0.113.7:443?transport=tcp"},
		},
		"TLS at addresses": {
			Config{TURNTCP: at{address: "192.0.2.1:443"}, TURNS: true},
			[]string{"turn:192.0.2.1:443?transport=tcp", "turns:192.0.2.1:443?transport=tcp"},
		},
		"TLS by name": {
			Config{TURNTCP: at{address: "192.0.2.1:443"}, TURNS: true, TURNNames: []string{"meet.example.org"}},
			[]string{"turn:192.0.2.1:443?transport=tcp", "turns:meet.example.org:443?transport=tcp"},
		},
	} {
		relay, err := turn.New(turn.Config{TCP: c.cfg.TURNTCP, Peers: own})
		if err != nil {
			t.Fatal(err)
		}
		all := iceServers(c.cfg, relay, own)
		if len(all) != 1 || !slices.Equal(all[0].URLs, c.want) || all[0].Username == "" || all[0].Credential == "" {
			t.Errorf("%s: clients get %+v, want %v", name, all, c.want)
		}
	}
}

// TestCheckPorts: media and TURN share a port as a whole or not at all.
func TestCheckPorts(t *testing.T) {
	l := at{address: "127.0.0.1:443"}
	for want, cfgs := range map[string][]Config{
		"": {
			{},
			{RTCPort: 5000, TURN: true, TURNPort: 3478},
			{RTCPort: 443, TURN: true, MediaTCP: l, TURNTCP: l},
		},
		"is not one":         {{RTCPort: -1}, {TURN: true, TURNPort: 65536}},
		"but no TURN server": {{TURNPort: 3478}},
		"both for media and": {{RTCPort: 443, TURN: true, TURNPort: 443}},
		"only with each other": {
			{TURN: true, MediaTCP: l},
			{TURN: true, TURNTCP: l},
			{MediaTCP: l, TURNTCP: l},
			{TURN: true, TURNPort: 3478, MediaTCP: l, TURNTCP: l},
		},
	} {
		for _, cfg := range cfgs {
			if err := checkPorts(cfg); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%+v: %v, not %q", cfg, err, want)
			}
		}
	}
}
