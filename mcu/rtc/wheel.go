package rtc

import (
	"context"
	"sync/atomic"
	"time"
)

// turn is the time between two turns of the wheel.
const turn = 5 * time.Millisecond

// wheel gives downlinks that have something to send later a turn every 5 ms. While
// there are none it sleeps. One goroutine, run, owns it; add is safe for concurrent
// use and takes no lock.
type wheel struct {
	added atomic.Pointer[Downlink] // a list by Downlink.next
	wake  chan struct{}
}

func newWheel() *wheel { return &wheel{wake: make(chan struct{}, 1)} }

// add has d.turn called until it returns false.
func (w *wheel) add(d *Downlink) {
	if d.waiting.Swap(true) {
		return
	}
	for {
		d.next = w.added.Load()
		if w.added.CompareAndSwap(d.next, d) {
			break
		}
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *wheel) run(ctx context.Context) {
	var waiting []*Downlink
	timer := time.NewTimer(turn)
	defer timer.Stop()
	for ctx.Err() == nil {
		for d := w.added.Swap(nil); d != nil; {
			next := d.next // before d may be added again
			waiting = append(waiting, d)
			d = next
		}
		if len(waiting) == 0 {
			select {
			case <-w.wake:
			case <-ctx.Done():
			}
			continue
		}
		left := waiting[:0]
		for _, d := range waiting {
			if d.turn() {
				left = append(left, d)
			}
		}
		clear(waiting[len(left):])
		waiting = left
		timer.Reset(turn)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}
