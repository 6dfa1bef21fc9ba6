package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestFrontFlags reads the settings for reverse proxies.
func TestFrontFlags(t *testing.T) {
	for _, test := range []struct {
		flags, prefix string
		trusted       []string
		refused       bool
	}{
		{flags: ""},
		{flags: "--path-prefix /mix/", prefix: "/mix"},
		{flags: "--path-prefix /", prefix: ""},
		{flags: "--path-prefix mix", refused: true},
		{flags: "--path-prefix /whip", refused: true},
		{flags: "--trusted-proxy 127.0.0.1 --trusted-proxy 10.1.0.0/8", trusted: []string{"127.0.0.1/32", "10.0.0.0/8"}},
		{flags: "--trusted-proxy ::ffff:192.0.2.1", trusted: []string{"192.0.2.1/32"}},
		{flags: "--trusted-proxy proxy.example", refused: true},
	} {
		var commands commands
		parser, err := newParser(&commands)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(append([]string{"serve"}, strings.Fields(test.flags)...))
		if test.refused {
			if err == nil {
				t.Errorf("%s: taken", test.flags)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.flags, err)
			continue
		}
		prefix, networks := commands.Serve.front()
		var trusted []string
		for _, n := range networks {
			trusted = append(trusted, netip.Prefix.String(n))
		}
		if prefix != test.prefix || !slices.Equal(trusted, test.trusted) {
			t.Errorf("%s: %q, %q", test.flags, prefix, trusted)
		}
	}
}
