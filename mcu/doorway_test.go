package mcu

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDoorwayHeldShut has somebody join again and again and never connect: the cameras
// get their turns most of the time, and honest joins go on being let through.
func TestDoorwayHeldShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := doorway{turns: make(chan struct{}, 2)}
		held, steps := 0, 0
		for range 100 { // 50 s
			pass := d.enter()
			defer pass()
			for range 50 {
				held += len(d.turns)
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

// TestDoorway holds a turn while somebody connects, however often that is within its time.
func TestDoorway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := doorway{turns: make(chan struct{}, 2)}
		for i := range 8 {
			one := d.enter()
			two := d.enter()
			time.Sleep(50 * time.Millisecond)
			one()
			if len(d.turns) != 1 {
				t.Errorf("%d turns are held while the second of pair %d connects", len(d.turns), i)
			}
			two()
			if len(d.turns) != 0 {
				t.Errorf("%d turns are held when nobody connects", len(d.turns))
			}
		}
		alone := doorway{turns: make(chan struct{}, 1)}
		defer alone.enter()()
		if len(alone.turns) != 0 {
			t.Error("the only turn is held")
		}
	})
}
