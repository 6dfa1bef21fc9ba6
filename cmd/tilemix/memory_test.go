package main

import (
	"context"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/mcu/event"
)

// TestReclaimer returns memory twice after the last room, and never while there is one.
func TestReclaimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rooms, freed atomic.Int32
		r := newReclaimer(func() int { return int(rooms.Load()) })
		var grown atomic.Int64
		r.resident = grown.Load
		r.free = func() { freed.Add(1); grown.Store(100) }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		for _, step := range []struct {
			what  string
			event event.Type
			rooms int32
			wait  time.Duration
			freed int32
		}{
			{"nothing has happened", "", 0, time.Hour, 0},
			{"a room begins", event.RoomStarted, 1, time.Hour, 0},
			{"one of two ends", event.RoomEnded, 1, time.Hour, 0},
			{"the last ends", event.RoomEnded, 0, reclaimAfter - time.Millisecond, 0},
			{"a moment later", "", 0, 2 * time.Millisecond, 1},
			{"some time later", "", 0, reclaimAgain, 2},
			{"long after", "", 0, time.Hour, 2},
			{"a room ends", event.RoomEnded, 0, reclaimAfter / 2, 2},
			{"another ends", event.RoomEnded, 0, reclaimAfter - time.Millisecond, 2},
			{"no room begins", "", 0, 2 * time.Millisecond, 3},
			{"a room begins again", event.RoomStarted, 1, time.Hour, 3},
			{"it ends", event.RoomEnded, 0, reclaimAfter / 2, 3},
			{"another begins at once", event.RoomStarted, 1, time.Hour, 3},
		} {
			rooms.Store(step.rooms)
			if step.event != "" {
				r.Post(event.New(step.event, "demo"))
			}
			time.Sleep(step.wait)
			synctest.Wait()
			if n := freed.Load(); n != step.freed {
				t.Fatalf("%s: memory was returned %d times, not %d", step.what, n, step.freed)
			}
		}
		// Nobody connected, and the server grew: memory is returned once, and not while there is a room.
		for _, step := range []struct {
			rooms int32
			grown int64
			freed int32
		}{{1, 100 + reclaimGrowth, 3}, {0, 99 + reclaimGrowth, 3}, {0, 100 + reclaimGrowth, 4}} {
			rooms.Store(step.rooms)
			grown.Store(step.grown)
			time.Sleep(10 * reclaimLook)
			synctest.Wait()
			if n := freed.Load(); n != step.freed {
				t.Fatalf("%d rooms, grown to %d: memory was returned %d times, not %d", step.rooms, step.grown, n, step.freed)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// roundsVariable is how many rounds TestMemory has; a long test is
// TILEMIX_ROUNDS=35 go test -run TestMemory ./cmd/tilemix.
const roundsVariable = "TILEMIX_ROUNDS"

// TestMemory has eight cameras join and leave a server again and again. The server's
// memory comes back.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel() // with what else waits
	rounds := os.Getenv(roundsVariable)
	if rounds == "" {
		rounds = "6"
	}
	out, err := exec.CommandContext(t.Context(), "tilemix", "bench", "--scenario", "memory", "--participants", rounds).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
