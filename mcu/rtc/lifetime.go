package rtc

import (
	"runtime/debug"
	"sync"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// lifetime owns the goroutines of one connection and tells once that the connection has
// ended. It is safe for concurrent use.
type lifetime struct {
	pc     *webrtc.PeerConnection
	ended  func() // Events.Ended
	counts *counts
	log    logging.LeveledLogger

	telling sync.Mutex // guards over, and is held while an event that ends with the connection is told
	over    bool       // Events.Ended was called
	mu      sync.Mutex // guards closed, so that nothing starts after close
	closed  bool
	closing chan struct{} // closed by close
	wg      sync.WaitGroup
}

func newLifetime(pc *webrtc.PeerConnection, ended func(), counts *counts, log logging.LeveledLogger) *lifetime {
	return &lifetime{pc: pc, ended: ended, counts: counts, log: log, closing: make(chan struct{})}
}

// start runs f in a goroutine that close waits for.
func (l *lifetime) start(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.wg.Go(f)
	}
}

// tell calls f, unless Events.Ended was called. pion has a goroutine for each state of a connection, so a state
// may come after the one that followed it.
func (l *lifetime) tell(f func()) {
	l.telling.Lock()
	defer l.telling.Unlock()
	if !l.over {
		f()
	}
}

// end calls Events.Ended, unless it was called before.
func (l *lifetime) end() {
	l.tell(func() {
		l.over = true
		l.ended()
	})
}

// expel closes the connection of a client that takes more than it may, and calls
// Events.Ended at once.
func (l *lifetime) expel() {
	l.tell(func() {
		l.over = true
		l.ended()
		l.start(func() { _ = l.pc.Close() })
	})
}

// close calls stop, ends the connection, waits for its goroutines and calls Events.Ended.
func (l *lifetime) close(stop func()) {
	l.mu.Lock()
	if !l.closed {
		close(l.closing)
	}
	l.closed = true
	l.mu.Unlock()
	stop()
	_ = l.pc.GracefulClose()
	l.wg.Wait()
	l.end()
}

// guarded is f for a goroutine that reads RTCP. A client's report that finds a fault of the
// server's ends only that client's connection, because f panics with no lock held and
// nothing half done that others need. Decoders are in C, where that cannot be known, so
// their goroutines are not guarded.
func (l *lifetime) guarded(f func()) func() {
	return func() {
		defer func() {
			if fault := recover(); fault != nil {
				l.counts.panics.Add(1)
				l.log.Errorf("a connection's RTCP: %v\n%s", fault, debug.Stack())
				l.expel()
			}
		}()
		f()
	}
}
