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

// Crowd is all bots of a process. It is safe for concurrent use. Run has one goroutine
// that sends and one that receives.
type Crowd struct {
	wire     *wire
	cert     tls.Certificate
	digest   string
	epoch    time.Time
	joined   atomic.Uint32
	answered chan struct{} // a server that has answered checks sent something

	bots atomic.Pointer[map[netip.Addr]*Bot]

	mu    sync.Mutex // guards queue, and the change of bots
	queue queue

	batch batch // owned by the goroutine that sends
	stats lateness
}

// NewCrowd returns a crowd without bots. The caller must start Run before bots join.
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

// Run sends and receives for the bots until ctx ends. All bots should have left by then.
func (c *Crowd) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.send(ctx) })
	wg.Go(c.receive)
	<-ctx.Done()
	err := c.wire.conn.Close()
	wg.Wait()
	return err
}

// Join makes a bot a client of a server. It returns when the connection stands.
func (c *Crowd) Join(ctx context.Context, o Options) (*Bot, error) {
	b := newBot(c, c.joined.Add(1), o)
	if err := b.join(ctx); err != nil {
		b.Leave()
		return nil, err
	}
	return b, nil
}

// register makes datagrams for a bot reach it.
func (c *Crowd) register(b *Bot) { c.change(func(m map[netip.Addr]*Bot) { m[b.path.from] = b }) }

func (c *Crowd) forget(b *Bot) { c.change(func(m map[netip.Addr]*Bot) { delete(m, b.path.from) }) }

// change copies the map of bots, so that the goroutine that receives needs no lock.
func (c *Crowd) change(f func(map[netip.Addr]*Bot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := maps.Clone(*c.bots.Load())
	f(m)
	c.bots.Store(&m)
}

// schedule queues the tasks of a bot.
func (c *Crowd) schedule(b *Bot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, now := b.sender.video.ssrc/2, c.now()
	if b.Clip != nil {
		period := time.Second / time.Duration(b.Clip.FrameRate)
		b.sender.picture = int(n*7) % len(b.Clip.Keys)
		heap.Push(&c.queue, &due{phase(n, now, period), b, b.sender.sendPicture})
	}
	if !b.NoSound && !b.Viewer {
		heap.Push(&c.queue, &due{phase(n*3, now, 20*time.Millisecond), b, b.sender.sendSound})
	}
	heap.Push(&c.queue, &due{phase(n, now, time.Second), b, b.reports.send})
	heap.Push(&c.queue, &due{int64(keepAlive) + phase(n, now, time.Second), b, b.ice.keep})
}

func (c *Crowd) now() int64 { return int64(time.Since(c.epoch)) }

const (
	// longestSleep is the longest that the sending goroutine sleeps. It notices a new bot
	// within this time.
	longestSleep = 5 * time.Millisecond
	// tooLate is the delay from which on the crowd leaves out what it missed.
	tooLate = 200 * time.Millisecond
)

// send runs the tasks that are due until ctx ends.
func (c *Crowd) send(ctx context.Context) {
	for ctx.Err() == nil {
		wait := c.work()
		// The runtime's timers round up to milliseconds, and nanosleep does not.
		t := unix.NsecToTimespec(int64(wait))
		_ = unix.Nanosleep(&t, nil)
	}
}

// work runs the tasks that are due and returns the time until the next one.
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
		again := next.do(next.at)
		if -wait > int64(tooLate) {
			c.stats.skipped.Add(1)
			again -= wait
		}
		c.mu.Lock()
		// The task may have moved, because new bots may be first by now.
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

// receive passes datagrams to the bots until the socket closes.
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
