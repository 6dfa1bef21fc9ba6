package send

import (
	"context"
	"sync/atomic"
	"time"
)

// pacerInterval is the time between two ticks of the pacer.
const pacerInterval = 5 * time.Millisecond

// PacketPacer calls the downlinks that have something to send later, every 5 ms. While there
// are none it sleeps. Run, its one goroutine, owns it. Downlinks are added from any
// goroutine, without a lock.
type PacketPacer struct {
	added   atomic.Pointer[sender] // a list by sender.next
	wake    chan struct{}
	waiting []*sender
}

// NewPacer returns a pacer without downlinks. Nothing is paced before Run.
func NewPacer() *PacketPacer { return &PacketPacer{wake: make(chan struct{}, 1)} }

// add has s.tick called until it returns false.
func (p *PacketPacer) add(s *sender) {
	if s.waiting.Swap(true) {
		return
	}
	for {
		s.next = p.added.Load()
		if p.added.CompareAndSwap(s.next, s) {
			break
		}
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run ticks until ctx ends.
func (p *PacketPacer) Run(ctx context.Context) {
	timer := time.NewTimer(pacerInterval)
	defer timer.Stop()
	for ctx.Err() == nil {
		if p.Tick(time.Now) {
			timer.Reset(pacerInterval)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// Tick lets each downlink send what is due, by a clock that it reads once for each. It
// returns whether there is more to come. It is for simulations; Run calls it.
func (p *PacketPacer) Tick(now func() time.Time) bool {
	for s := p.added.Swap(nil); s != nil; {
		next := s.next // before s may be added again
		p.waiting = append(p.waiting, s)
		s = next
	}
	ticked := len(p.waiting) > 0
	left := p.waiting[:0]
	for _, s := range p.waiting {
		if s.tick(s.path.since(now())) {
			left = append(left, s)
		}
	}
	clear(p.waiting[len(left):])
	p.waiting = left
	return ticked
}
