// Package notify tells systemd how the server is (sd_notify(3)). Under another supervisor it does
// nothing.
package notify

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Supervisor is the systemd that has started the server. The zero Supervisor is none. It is safe
// for concurrent use.
type Supervisor struct {
	socket string        // of datagrams; "": nobody listens
	every  time.Duration // by which it wants to hear of the server; 0: it does not
	err    error
}

// shortest (10 ms) is the least interval of a watchdog. Faster ones would do nothing but tell it.
const shortest = 10 * time.Millisecond

// New returns the supervisor that the environment names, by NOTIFY_SOCKET and WATCHDOG_USEC.
func New() Supervisor {
	s := Supervisor{socket: os.Getenv("NOTIFY_SOCKET")}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return s
	}
	usec := os.Getenv("WATCHDOG_USEC")
	if usec == "" || s.socket == "" { // without a socket nobody would hear
		return s
	}
	us, err := strconv.ParseUint(usec, 10, 40)
	if err == nil && us == 0 {
		return s
	}
	if s.every = time.Duration(us) * time.Microsecond; err != nil || s.every < shortest {
		s.every = 0
		s.err = fmt.Errorf("WATCHDOG_USEC must be a number of microseconds, %d or more, not %.40q: systemd hears nothing of the server's life", shortest.Microseconds(), usec)
	}
	return s
}

// Err says what of the environment is wrong, nil for nothing. The server then runs without a watchdog.
func (s Supervisor) Err() error { return s.err }

// Ready says that the server serves, with a status for people.
func (s Supervisor) Ready(status string) error { return s.send("READY=1\nSTATUS=" + status) }

// Status says how the server is, for people.
func (s Supervisor) Status(text string) error { return s.send("STATUS=" + text) }

// Reloading says that the server reads its settings again. Ready says that it has.
func (s Supervisor) Reloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return err
	}
	return s.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond)))
}

// Stopping says that the server stops, and for how long it may still need.
func (s Supervisor) Stopping(within time.Duration) error {
	return s.send(fmt.Sprintf("STOPPING=1\nEXTEND_TIMEOUT_USEC=%d", within.Microseconds()))
}

// Watchdog tells systemd twice in each of its intervals that the server lives, as long as alive
// says so, until ctx ends. Without a watchdog it waits for ctx.
func (s Supervisor) Watchdog(ctx context.Context, alive func() bool) {
	if s.every == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(s.every / 2)
	defer tick.Stop()
	for ctx.Err() == nil {
		if alive() {
			_ = s.send("WATCHDOG=1") // without word systemd starts the server anew
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// send sends a state. An address that begins with @ is abstract, as in package net.
func (s Supervisor) send(state string) error {
	if s.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
