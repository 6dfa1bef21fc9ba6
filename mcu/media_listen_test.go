package mcu_test

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tilemix/mcu"
	"tilemix/mcu/rtc/rtctest"
)

// TestMediaListen has media and TURN on one address, and then for this machine alone. Clients there
// connect by each way, and no other address of the server is open.
func TestMediaListen(t *testing.T) {
	one := netip.MustParseAddr("127.0.0.1")
	for name, change := range map[string]func(*mcu.Config){
		"one address":  func(c *mcu.Config) { c.MediaListen = []netip.Addr{one} },
		"this machine": func(c *mcu.Config) { c.MediaLocal = true },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			change(&cfg)
			cfg.TURN, cfg.RTCPort, cfg.TURNPort = true, freePort(t), freePort(t)
			s := serve(t, cfg)
			var ways []rtctest.Transport
			for _, url := range s.ICEServers()[0].URLs[:2] {
				host, _, _ := net.SplitHostPort(strings.TrimPrefix(url, "turn:"))
				if cfg.MediaListen != nil && host != one.String() {
					t.Errorf("TURN is at %s", url)
				}
				servers := s.ICEServers()
				ways = append(ways, rtctest.Transport{TURN: url, Username: servers[0].Username, Credential: servers[0].Credential})
			}
			for _, way := range append(ways, rtctest.Transport{}, rtctest.Transport{TCP: true}) {
				g := s.join("hall", "Ada", rtctest.Options{Transport: way})
				for line := range strings.Lines(g.answer) {
					if strings.HasPrefix(line, "a=candidate:") && cfg.MediaListen != nil && !strings.Contains(line, " 127.0.0.1 ") {
						t.Errorf("the answer has %s", line)
					}
				}
				s.leave(g)
			}
			wantClosed(t, cfg)
		})
	}
}

// wantClosed fails the test if a server listens where it must not: on another address than the one
// that is named, or without the filter that keeps other machines out.
func wantClosed(t *testing.T, cfg mcu.Config) {
	t.Helper()
	for _, port := range []int{cfg.RTCPort, cfg.TURNPort} {
		if cfg.MediaLocal {
			continue
		}
		at := net.JoinHostPort("127.0.0.2", strconv.Itoa(port))
		if conn, err := net.Dial("tcp", at); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("TCP at %s: %v, %v", at, conn, err)
		}
		// A UDP packet to a closed port comes back as an error.
		conn, err := net.Dial("udp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte{0})
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("UDP at %s: %v", at, err)
		}
	}
	if cfg.MediaLocal {
		wantFilter(t, cfg.RTCPort, cfg.TURNPort)
	}
}

// wantFilter fails the test unless all sockets of this process on the ports have a filter.
func wantFilter(t *testing.T, ports ...int) {
	t.Helper()
	found := 0
	for fd := range 1000 {
		name, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		var port int
		switch at := name.(type) {
		case *unix.SockaddrInet4:
			port = at.Port
		case *unix.SockaddrInet6:
			port = at.Port
		}
		if port != ports[0] && port != ports[1] {
			continue
		}
		found++
		if filter, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_GET_FILTER); filter == "" {
			t.Errorf("a socket on port %d has no filter: %v", port, err)
		}
	}
	if found < 4 {
		t.Errorf("%d sockets are on the ports %d", found, ports)
	}
}
