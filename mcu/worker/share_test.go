package worker_test

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tilemix/codec"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/worker"
)

// TestShares has a worker share one core with programs that always run. What it decodes takes longer than a decoder
// may, but less of the processor, so it is not to blame.
func TestShares(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Patience = 400 * time.Millisecond })
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	await(t, d, film(t, 320, 180, 1)[0])
	var first unix.CPUSet
	first.Set(0)
	for _, pid := range poll.Children(t) {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		for _, task := range tasks {
			id, _ := strconv.Atoi(filepath.Base(task))
			if err := unix.SchedSetaffinity(id, &first); err != nil {
				t.Skip(err)
			}
		}
	}
	for range 2 {
		busy := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := busy.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = busy.Process.Kill(); _ = busy.Wait() }()
		if err := unix.SchedSetaffinity(busy.Process.Pid, &first); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		began := time.Now()
		if _, err := d.Decode([]byte("!work")); !errors.Is(err, codec.ErrCorrupt) || errors.Is(err, worker.ErrRestarted) {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	}
	if s := p.Stats(); s.Hangs != 0 {
		t.Errorf("counted %+v", s)
	}
}
