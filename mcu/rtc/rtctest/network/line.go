package network

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Line is what lies between a client and the server. The zero value is the
// machine's own loopback. It only describes: Open makes a socket behind one.
type Line struct {
	Up, Down Impairment // from the client, to the client
	// Seed begins the random numbers of both ways. The same packets meet the same
	// fate, as long as they come in the same order and nothing calls Impair.
	Seed uint64
}

// Both returns a line that is as bad one way as the other.
func Both(i Impairment) Line { return Line{Up: i, Down: i} }

// Conn is a client's UDP socket behind a Line. Delayed packets that come in wait for
// ReadFrom, which alone reads the socket. Delayed packets that go out wait for the
// goroutine that Open started. Packets without a delay go straight through. It is safe
// for concurrent use, but for ReadFrom, which one goroutine calls.
type Conn struct {
	net.PacketConn
	arrived transit // owned by the caller of ReadFrom
	wake    chan struct{}
	closed  chan struct{}
	done    chan struct{}
	closing sync.Once

	mu       sync.Mutex // guards all below
	up, down Lane
	leaving  transit
}

// Open opens a socket on the loopback address, and starts the goroutine that sends delayed
// packets. The caller closes the socket.
func Open(l Line) (*Conn, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(4 << 20)
	opened := &Conn{
		PacketConn: conn,
		wake:       make(chan struct{}, 1), closed: make(chan struct{}), done: make(chan struct{}),
		up: NewLane(l.Up, l.Seed, 0), down: NewLane(l.Down, l.Seed, 1),
	}
	go opened.run()
	return opened, nil
}

// Impair changes what packets meet from now on. Those on their way arrive as they
// would have.
func (l *Conn) Impair(to Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up.Impairment, l.down.Impairment = to.Up, to.Down
}

// Traffic returns what went over the line since it was opened.
func (l *Conn) Traffic() (up, down Traffic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up.Traffic, l.down.Traffic
}

// ReadFrom returns the next packet that has made its way.
func (l *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
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
func (l *Conn) WriteTo(b []byte, to net.Addr) (int, error) {
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
func (l *Conn) run() {
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
func (l *Conn) flush() time.Duration {
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
func (l *Conn) Close() error {
	err := l.PacketConn.Close()
	l.closing.Do(func() { close(l.closed) })
	<-l.done
	return err
}
