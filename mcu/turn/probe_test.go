package turn_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/mcu/turn"
)

// closedPort returns an address that refuses connections until the test ends, because a socket has it that does not listen.
func closedPort(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port)
}

// TestProbe asks a server that gives a relay, by UDP and TCP, one with a wrong password, one that is silent, and
// one that is not there.
func TestProbe(t *testing.T) {
	s, silent := serve(t), socket(t)
	at := "127.0.0.1:" + strconv.Itoa(s.Port())
	user, password := s.Credentials(time.Now())
	gone := closedPort(t)
	for _, test := range []struct{ address, password, fault string }{
		{"stun:" + at, "", ""},
		{"turn:" + at, password, ""},
		{"turn:" + at + "?transport=tcp", password, ""},
		{"turn:" + at, "wrong", "gives no relay"},
		{"stun:" + silent.LocalAddr().String(), "", "does not answer"},
		{"turn:" + gone + "?transport=tcp", password, "connection refused"},
		{"turns:" + at, password, "EOF"},
		{"http://" + at, "", "scheme"},
	} {
		most := patience
		if test.fault == "does not answer" {
			most = time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), most)
		seen, err := turn.Probe(ctx, test.address, user, test.password)
		cancel()
		switch {
		case test.fault == "" && (err != nil || !seen.Addr().IsLoopback()):
			t.Errorf("%s: seen at %v, %v", test.address, seen, err)
		case test.fault != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.fault))):
			t.Errorf("%s: %v, not %q", test.address, err, test.fault)
		}
	}
}
