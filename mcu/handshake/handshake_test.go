package handshake

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestHeldShut has a client join again and again and never connect: the
// cameras get their slots most of the time, and other clients go on being let through.
func TestHeldShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(make(chan struct{}, 2))
		held, steps := 0, 0
		for range 100 { // 50 s
			pass := d.Begin()
			defer pass()
			for range 50 {
				held += len(d.slots)
				steps++
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
		}
		if share := float64(held) / float64(steps); share < 0.15 || share > 0.25 {
			t.Errorf("a turn is held %.0f %% of the time", 100*share)
		}
	})
}

// TestPriority holds a slot while a client connects, however often that is within its time.
func TestPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(make(chan struct{}, 2))
		for i := range 8 {
			one := d.Begin()
			two := d.Begin()
			time.Sleep(50 * time.Millisecond)
			one()
			if len(d.slots) != 1 {
				t.Errorf("%d turns are held while the second of pair %d connects", len(d.slots), i)
			}
			two()
			if len(d.slots) != 0 {
				t.Errorf("%d turns are held when nobody connects", len(d.slots))
			}
		}
		alone := New(make(chan struct{}, 1))
		defer alone.Begin()()
		if len(alone.slots) != 0 {
			t.Error("the only turn is held")
		}
	})
}
