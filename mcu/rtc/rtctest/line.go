package rtctest

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"tilemix/mcu/rtc/rtctest/network"
)

// line is a client's UDP socket behind a Line. Packets that are delayed wait: those
// that come in until ReadFrom, which alone reads the socket, those that go out
// until run sends them. What is not delayed goes straight through.
type line struct {
	net.PacketConn
	arrived transit // owned by the caller of ReadFrom
	wake    chan struct{}
	closed  chan struct{}
	done    chan struct{}
	closing sync.Once

	mu       sync.Mutex // guards all below
	up, down network.Lane
	leaving  transit
}

// openLine opens a socket on the loopback address.
func openLine(l Line) (*line, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(4 << 20)
	opened := &line{
		PacketConn: conn,
		wake:       make(chan struct{}, 1), closed: make(chan struct{}), done: make(chan struct{}),
		up: network.NewLane(l.Up, l.Seed, 0), down: network.NewLane(l.Down, l.Seed, 1),
	}
	go opened.run()
	return opened, nil
}

// impair changes what packets meet from now on. Those on their way arrive as they
// would have.
func (l *line) impair(to Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up.Impairment, l.down.Impairment = to.Up, to.Down
}

func (l *line) traffic() (up, down Traffic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up.Traffic, l.down.Traffic
}

// ReadFrom returns the next packet that has made its way.
func (l *line) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		var deadline time.Time // zero: none
		now := time.Now()
		if wait, ok := l.arrived.next(now); ok {
			if wait <= 0 {
				p := l.arrived.take()
				return copy(b, p.data), p.addr, nil
			}
			deadline = now.Add(wait)
		}
		if err := l.SetReadDeadline(deadline); err != nil {
			return 0, nil, err
		}
		n, from, err := l.PacketConn.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return n, from, err
		}
		now = time.Now()
		l.mu.Lock()
		due, times := l.down.Pass(now, n)
		l.mu.Unlock()
		if times == 1 && !due.After(now) && l.arrived.Len() == 0 {
			return n, from, nil
		}
		l.arrived.add(b[:n], from, due, times)
	}
}

// WriteTo sends b, now or later, or loses it.
func (l *line) WriteTo(b []byte, to net.Addr) (int, error) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	due, times := l.up.Pass(now, len(b))
	if times == 1 && !due.After(now) && l.leaving.Len() == 0 {
		return l.PacketConn.WriteTo(b, to)
	}
	l.leaving.add(b, to, due, times)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return len(b), nil
}

// run sends what WriteTo delayed.
func (l *line) run() {
	defer close(l.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(l.flush())
		select {
		case <-timer.C:
		case <-l.wake:
		case <-l.closed:
			return
		}
	}
}

// flush sends what is due and returns how long the next packet has.
func (l *line) flush() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		wait, ok := l.leaving.next(time.Now())
		if !ok {
			return time.Hour
		}
		if wait > 0 {
			return wait
		}
		p := l.leaving.take()
		_, _ = l.PacketConn.WriteTo(p.data, p.addr)
	}
}

// Close closes the socket. What is on its way is lost.
func (l *line) Close() error {
	err := l.PacketConn.Close()
	l.closing.Do(func() { close(l.closed) })
	<-l.done
	return err
}
