package main

import (
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
)

// TestWritable looks at folders that are there, come later, or cannot be written. Nobody writes into
// /proc, not even root.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	for folder, want := range map[string]bool{
		dir: true, filepath.Join(dir, "a", "b"): true, "later": true, "/proc/1/data": false, "/proc/self/status/data": false,
	} {
		if err := writable(folder); (err == nil) != want {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// TestMedia: media follows the address of HTTP, unless --media-listen or a sign of other clients
// says more.
func TestMedia(t *testing.T) {
	wide, one, loop := "0.0.0.0", "192.0.2.2", "127.0.0.1"
	ips := func(all ...string) (list []netip.Addr) {
		for _, a := range all {
			list = append(list, netip.MustParseAddr(a))
		}
		return list
	}
	for name, test := range map[string]struct {
		http  string
		s     settings
		want  []netip.Addr
		local bool
	}{
		"a wildcard":               {wide, settings{}, nil, false},
		"an IPv6 wildcard":         {"::", settings{}, nil, false},
		"an address":               {one, settings{}, ips(one), false},
		"an IPv6 address":          {"2001:db8::1", settings{}, ips("2001:db8::1"), false},
		"a link-local address":     {"fe80::1", settings{}, nil, false},
		"behind NAT":               {one, settings{PublicIPs: []publicIP{{netip.MustParseAddr("203.0.113.7")}}}, ips(one), false},
		"behind a proxy":           {one, settings{TrustedProxies: []proxy{proxy(netip.MustParsePrefix("192.0.2.9/32"))}}, nil, false},
		"loopback":                 {loop, settings{}, nil, true},
		"IPv6 loopback":            {"::1", settings{}, nil, true},
		"loopback behind a proxy":  {loop, settings{TrustedProxies: []proxy{proxy(netip.MustParsePrefix("127.0.0.1/32"))}}, nil, false},
		"loopback under a path":    {loop, settings{PathPrefix: "/mix"}, nil, false},
		"loopback with a name":     {loop, settings{Hosts: []hostName{"meet.example.org"}}, nil, false},
		"loopback behind NAT":      {loop, settings{PublicIPs: []publicIP{{netip.MustParseAddr("203.0.113.7")}}}, nil, false},
		"named":                    {wide, settings{MediaListen: ips(one, "::ffff:192.0.2.2", loop)}, ips(one, loop), false},
		"named on loopback":        {loop, settings{MediaListen: ips(one)}, ips(one), false},
		"all named, also loopback": {loop, settings{MediaListen: ips(one, "::")}, nil, false},
	} {
		at, local, _ := mediaAddresses(&test.s, &net.TCPAddr{IP: net.ParseIP(test.http), Port: 8080})
		if !slices.Equal(at, test.want) || local != test.local {
			t.Errorf("%s: %v, local %t, want %v, %t", name, at, local, test.want, test.local)
		}
	}
}
