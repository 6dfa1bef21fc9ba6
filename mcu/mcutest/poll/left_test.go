package poll_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"tilemix/mcu/mcutest/poll"
)

// TestNoneLeft has a goroutine end later than goleak alone waits for.
func TestNoneLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	go time.Sleep(2 * time.Second)
	if goleak.Find(before) == nil {
		t.Error("a goroutine that sleeps is not found")
	}
	poll.NoneLeft(t, before)
}
