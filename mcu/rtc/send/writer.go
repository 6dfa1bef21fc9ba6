package send

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/packet"
)

// writerUnits is how many units wait in a writer: eight for each of 256 downlinks.
const writerUnits = 2048

// Writer sends units on behalf of a clock, to the downlinks that are assigned to it. The
// clock puts units into a bounded ring and never waits; a unit that finds the ring full
// is dropped, and its downlink goes on with the next key unit. The goroutine run owns the
// sending. Fan makes writers.
type Writer struct {
	ring   [writerUnits]stagedUnit
	head   atomic.Uint32 // next to be published
	tail   atomic.Uint32 // next to be sent
	staged uint32        // next to be staged; the clock's
	asleep atomic.Bool
	wake   chan struct{}
}

// stagedUnit is a unit on its way to a downlink. It retains the unit's buffer.
type stagedUnit struct {
	packet.Packets
	to     *Downlink
	missed bool  // the unit before it was dropped
	pass   *pass // that it ends; nil: none
}

// pass is the units that a clock stages between two flushes.
type pass struct {
	began time.Time
	left  atomic.Int32 // writers that are not through
}

func newWriter() *Writer { return &Writer{wake: make(chan struct{}, 1)} }

// stage takes a unit for a downlink. It returns false if there is no room.
func (w *Writer) stage(d *Downlink, p packet.Packets, missed bool) bool {
	if w.staged-w.tail.Load() == writerUnits {
		d.path.counters.WriterDropped.Add(1)
		return false
	}
	p.Buffer.Retain()
	d.inFlight.Add(1)
	w.ring[w.staged%writerUnits] = stagedUnit{Packets: p, to: d, missed: missed}
	w.staged++
	return true
}

// publish lets the writer send what was staged. It returns false if that is nothing.
func (w *Writer) publish(p *pass) bool {
	if w.staged == w.head.Load() {
		return false
	}
	w.ring[(w.staged-1)%writerUnits].pass = p
	w.head.Store(w.staged)
	if w.asleep.Swap(false) {
		select {
		case w.wake <- struct{}{}:
		default: // it has been woken, and has not noticed yet
		}
	}
	return true
}

// run sends what is published until stop is closed, and what is published then. done is
// called as each pass is through.
func (w *Writer) run(stop <-chan struct{}, done func(time.Duration)) {
	for {
		for w.sendNext(done) {
		}
		select {
		case <-stop:
			for w.sendNext(done) { // what was published just before
			}
			return
		default:
		}
		w.asleep.Store(true)
		if w.tail.Load() != w.head.Load() {
			w.asleep.Store(false)
			continue
		}
		select {
		case <-w.wake:
		case <-stop:
			w.asleep.Store(false)
		}
	}
}

// sendNext sends a unit. It returns false if there is none.
func (w *Writer) sendNext(done func(time.Duration)) bool {
	at := w.tail.Load()
	if at == w.head.Load() {
		return false
	}
	u := &w.ring[at%writerUnits]
	now := time.Now()
	if u.missed {
		u.to.interrupt()
	}
	u.to.send(u.Packets, now)
	u.Buffer.Release()
	u.to.inFlight.Add(-1)
	p := u.pass
	*u = stagedUnit{}
	w.tail.Store(at + 1)
	if p != nil {
		if began := p.began; p.left.Add(-1) == 0 {
			done(time.Since(began))
		}
	}
	return true
}
