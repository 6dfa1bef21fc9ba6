package notify_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tilemix/cmd/tilemix/notify"
)

// systemd listens as systemd does, and returns what it hears.
func systemd(t *testing.T) (hears func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		buffer := make([]byte, 512)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

// TestStates sends each state in the words of sd_notify.
func TestStates(t *testing.T) {
	hears := systemd(t)
	s := notify.New()
	for want, say := range map[string]func() error{
		"READY=1\nSTATUS=serves":                   func() error { return s.Ready("serves") },
		"STATUS=drains":                            func() error { return s.Status("drains") },
		"RELOADING=1\nMONOTONIC_USEC=":             s.Reloading,
		"STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000": func() error { return s.Stopping(90 * time.Second) },
	} {
		if err := say(); err != nil {
			t.Fatal(err)
		}
		if got := hears(); !strings.HasPrefix(got, want) {
			t.Errorf("systemd hears %q, want %q", got, want)
		}
	}
}

// TestWatchdog: systemd hears of a server that lives, and nothing of one that does not.
func TestWatchdog(t *testing.T) {
	hears := systemd(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	go notify.New().Watchdog(ctx, func() bool { looks++; return looks%2 == 0 })
	for range 2 {
		if got := hears(); got != "WATCHDOG=1" {
			t.Errorf("systemd hears %q", got)
		}
	}
	cancel()
}

// TestNobodyListens: without systemd nothing is sent, and that is no error.
func TestNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	if err := notify.New().Ready("serves"); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	notify.New().Watchdog(ctx, func() bool { return true })
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if err := notify.New().Ready("serves"); err == nil {
		t.Error("a socket that is not there is no error")
	}
}

// TestNonsense: a watchdog that cannot be is named, and the server goes on without one. One that nobody would
// hear of is none.
func TestNonsense(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct{ socket, usec, says string }{
		{"/run/notify", "soon", `not "soon"`},
		{"/run/notify", "-5", `not "-5"`},
		{"/run/notify", "1", `10000 or more, not "1"`},
		{"/run/notify", "99999999999999999999", "not \"9999"},
		{"/run/notify", "1e6", `not "1e6"`},
		{"/run/notify", "0", ""},
		{"/run/notify", "20000000", ""},
		{"", "20000000", ""},
		{"", "soon", ""},
	} {
		t.Setenv("NOTIFY_SOCKET", test.socket)
		t.Setenv("WATCHDOG_USEC", test.usec)
		s := notify.New()
		switch err := s.Err(); {
		case (err == nil) != (test.says == ""):
			t.Errorf("%+v: %v", test, err)
		case err != nil && !strings.Contains(err.Error(), test.says):
			t.Errorf("%+v: %v", test, err)
		}
		if test.says == "" && test.socket != "" {
			continue
		}
		s.Watchdog(ctx, func() bool {
			t.Errorf("%+v: there is a watchdog", test)
			return true
		})
	}
}
