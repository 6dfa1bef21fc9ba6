package bot

import (
	"container/heap"
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Crowd is all bots of a process. It is safe for concurrent use.
type Crowd struct {
	wire     *wire
	cert     tls.Certificate
	digest   string
	epoch    time.Time
	joined   atomic.Uint32
	answered chan struct{} // something came from a server that was checked

	bots atomic.Pointer[map[netip.Addr]*Bot]

	mu    sync.Mutex // guards what follows
	queue queue

	batch batch // of the goroutine that sends
	stats lateness
}

// NewCrowd returns a crowd without bots. Run must be called before they join.
func NewCrowd() (*Crowd, error) {
	cert, err := newCertificate()
	if err != nil {
		return nil, fmt.Errorf("make the bots' certificate: %w", err)
	}
	wire, err := openWire()
	if err != nil {
		return nil, err
	}
	c := &Crowd{
		wire: wire, cert: cert, digest: digest(cert.Certificate[0]), epoch: time.Now(),
		answered: make(chan struct{}),
		batch:    batch{data: make([]byte, 0, maxBatch+2048)},
	}
	c.bots.Store(&map[netip.Addr]*Bot{})
	return c, nil
}

// Run sends and receives until ctx ends. All bots should have left by then.
func (c *Crowd) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.send(ctx) })
	wg.Go(c.receive)
	<-ctx.Done()
	err := c.wire.conn.Close()
	wg.Wait()
	return err
}

// register makes what comes for a bot reach it.
func (c *Crowd) register(b *Bot) { c.change(func(m map[netip.Addr]*Bot) { m[b.from] = b }) }

func (c *Crowd) forget(b *Bot) { c.change(func(m map[netip.Addr]*Bot) { delete(m, b.from) }) }

// change copies the map of bots, so that it is read without a lock.
func (c *Crowd) change(f func(map[netip.Addr]*Bot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := maps.Clone(*c.bots.Load())
	f(m)
	c.bots.Store(&m)
}

// due is something that a bot does at a time, and again after that.
type due struct {
	at  int64 // ns since the epoch
	bot *Bot
	do  task
}

// task does what is due and returns how many ns later it is due again.
type task func(b *Bot, at int64) int64

// queue is a heap by time.
type queue []*due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *queue) Push(x any) {
	if d, ok := x.(*due); ok {
		*q = append(*q, d)
	}
}

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// phase returns when bot n is to begin with what it does once a period, soon after
// now. It spreads bots over the period so that no two are in step, and leaves nothing
// to the chance of when they joined: a run should be like the one before.
func phase(n uint32, now int64, period time.Duration) int64 {
	const golden = 0x9e3779b9 // of 2³²
	next := (now/int64(period) + 1) * int64(period)
	return next + int64(period)*int64(n*golden>>8)>>24
}

// schedule makes a bot send.
func (c *Crowd) schedule(b *Bot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, now := b.video.ssrc/2, c.now()
	if b.Clip != nil {
		period := time.Second / time.Duration(b.Clip.FrameRate)
		b.picture = int(n*7) % len(b.Clip.Keys)
		heap.Push(&c.queue, &due{phase(n, now, period), b, (*Bot).sendPicture})
	}
	if !b.NoSound && !b.Viewer {
		heap.Push(&c.queue, &due{phase(n*3, now, 20*time.Millisecond), b, (*Bot).sendSound})
	}
	heap.Push(&c.queue, &due{phase(n, now, time.Second), b, (*Bot).sendReport})
	heap.Push(&c.queue, &due{int64(keepAlive) + phase(n, now, time.Second), b, (*Bot).keep})
}

func (c *Crowd) now() int64 { return int64(time.Since(c.epoch)) }

const (
	// longestSleep is the longest that the sending goroutine sleeps, and so the latest
	// that it notices a new bot.
	longestSleep = 5 * time.Millisecond
	// tooLate is how late is too late to be made up for.
	tooLate = 200 * time.Millisecond
)

// send does what is due until ctx ends.
func (c *Crowd) send(ctx context.Context) {
	for ctx.Err() == nil {
		wait := c.work()
		// Finer than the runtime's timers, which round up to milliseconds.
		t := unix.NsecToTimespec(int64(wait))
		_ = unix.Nanosleep(&t, nil)
	}
}

// work does what is due and returns how long nothing will be.
func (c *Crowd) work() time.Duration {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.mu.Unlock()
			return longestSleep
		}
		next := c.queue[0]
		wait := next.at - c.now()
		if wait > 0 || next.bot.gone.Load() {
			if wait <= 0 {
				heap.Pop(&c.queue)
				wait = 0
			}
			c.mu.Unlock()
			if wait > 0 {
				return min(time.Duration(wait), longestSleep)
			}
			continue
		}
		c.mu.Unlock()
		c.stats.late(time.Duration(-wait))
		again := next.do(next.bot, next.at)
		if -wait > int64(tooLate) {
			c.stats.skipped.Add(1)
			again -= wait
		}
		c.mu.Lock()
		// New bots may be first by now, so the place is looked for again.
		for i := range c.queue {
			if c.queue[i] == next {
				next.at += again
				heap.Fix(&c.queue, i)
				break
			}
		}
		c.mu.Unlock()
	}
}

// receive hands what comes in to the bots until the socket closes.
func (c *Crowd) receive() {
	for {
		packets, size, to, err := c.wire.read()
		if err != nil {
			return
		}
		b := (*c.bots.Load())[to]
		if b == nil {
			continue
		}
		now := time.Now()
		for len(packets) > 0 {
			n := min(size, len(packets))
			b.take(packets[:n], now)
			packets = packets[n:]
		}
	}
}
