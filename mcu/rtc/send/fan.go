package send

import (
	"runtime"
	"sync"
	"time"
)

const (
	// maxDirect is how many downlinks a clock writes itself, and minDirect how many there
	// have to be left until it does so again.
	maxDirect, minDirect = 64, 48
	// writerDownlinks is how many downlinks a writer has at most.
	writerDownlinks = 256
	// maxPasses is how many passes are timed at once. Of more, some are not.
	maxPasses = 8
)

// Fan spreads the downlinks of a clock over writers, so that a large room uses every
// core. To send a picture takes 13 to 15 µs for each downlink, most of it encryption, and
// one goroutine can do that for about 900 viewers at 30 pictures a second.
//
//	clock ── Downlink.Write ──┬▶ Writer, up to 256 downlinks ──▶ SRTP, socket
//	      └─ Flush ───────────┴▶ Writer …
//
// A clock with up to maxDirect downlinks writes them itself. With more, there are as many
// writers as cores, but each has between maxDirect and writerDownlinks downlinks.
//
// A Fan belongs to its clock. Each writer has a goroutine, which Spread starts and Close
// waits for.
type Fan struct {
	done func(took time.Duration)

	writers   []*Writer
	use       int // writers
	downlinks int
	passes    [maxPasses]pass
	next      int // pass

	stop    chan struct{}
	running sync.WaitGroup
}

// NewFan returns a fan without writers. done is called for each flush that names its
// beginning, once all writers are through; it has to be safe for concurrent use.
func NewFan(done func(took time.Duration)) *Fan {
	return &Fan{done: done, stop: make(chan struct{})}
}

// Spread says how many downlinks the clock writes from now on. The clock then assigns
// each of them to what Writer returns.
func (f *Fan) Spread(downlinks int) {
	f.downlinks = downlinks
	f.use = writersFor(downlinks, runtime.GOMAXPROCS(0), f.use > 0)
	for len(f.writers) < f.use {
		w := newWriter()
		f.writers = append(f.writers, w)
		f.running.Go(func() { w.run(f.stop, f.done) })
	}
}

// writersFor is how many writers there are for a number of downlinks; 0: the clock
// writes. had says whether there are some already.
func writersFor(downlinks, cores int, had bool) int {
	if downlinks <= minDirect || downlinks <= maxDirect && !had {
		return 0
	}
	fewest := (downlinks + writerDownlinks - 1) / writerDownlinks
	most := (downlinks + maxDirect - 1) / maxDirect
	return max(fewest, min(most, cores))
}

// Writer returns the writer of downlink i, or nil if the clock is to write it.
func (f *Fan) Writer(i int) *Writer {
	if f.use == 0 {
		return nil
	}
	return f.writers[min(i, f.downlinks-1)*f.use/f.downlinks]
}

// Flush lets the writers send what the clock wrote until now. If began is set, done is
// called with the time from then until all of it has left. Flush never blocks.
func (f *Fan) Flush(began, now time.Time) {
	var p *pass
	if next := &f.passes[f.next]; !began.IsZero() && next.left.Load() == 0 {
		p, f.next = next, (f.next+1)%maxPasses
		p.began = began
		p.left.Store(1) // the clock's share, so that no writer is the last before all have begun
	}
	for _, w := range f.writers {
		if p != nil {
			p.left.Add(1)
		}
		if !w.publish(p) && p != nil {
			p.left.Add(-1)
		}
	}
	if p != nil && p.left.Add(-1) == 0 {
		f.done(now.Sub(began))
	}
}

// Close waits until all that was flushed has left, and ends the writers.
func (f *Fan) Close() {
	f.Flush(time.Time{}, time.Time{})
	close(f.stop)
	f.running.Wait()
}
