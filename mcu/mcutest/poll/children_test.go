package poll_test

import (
	"os/exec"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
)

// TestChildren starts programs one after the other, and ends the first. They are listed from the oldest on.
func TestChildren(t *testing.T) {
	var all []int
	var first *exec.Cmd
	for range 3 {
		c := exec.CommandContext(t.Context(), "sleep", "100")
		if err := c.Start(); err != nil {
			t.Skip(err)
		}
		defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
		if all = append(all, c.Process.Pid); first == nil {
			first = c
		}
		time.Sleep(30 * time.Millisecond) // the kernel says in hundredths of a second when they began
	}
	if got := poll.Children(t); !slices.Equal(got, all) {
		t.Errorf("the children are %v, not %v", got, all)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	if got := poll.Children(t); !slices.Equal(got, all[1:]) {
		t.Errorf("after the end of %d they are %v, not %v", all[0], got, all[1:])
	}
}
