package poll_test

import (
	"os/exec"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
)

// TestCrowd rests, works, and lets another process work. Only the last counts.
func TestCrowd(t *testing.T) {
	const span = 300 * time.Millisecond
	during := func(what func()) float64 {
		crowd := poll.Crowd(t)
		what()
		return crowd()
	}
	rest := func() { time.Sleep(span) } // of what is measured
	still := during(rest)
	own := during(func() {
		for end := time.Now().Add(span); time.Now().Before(end); {
		}
	})
	other := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := other.Start(); err != nil {
		t.Skip(err)
	}
	others := during(rest)
	_ = other.Process.Kill()
	_ = other.Wait()
	t.Logf("others have %.2f cores at rest, %.2f beside the test at work, %.2f with a shell", still, own, others)
	if others < poll.Crowded {
		t.Errorf("a shell that never rests has %.2f cores", others)
	}
	if still < poll.Crowded && own > 3*poll.Crowded {
		t.Errorf("what the test uses counts as others': %.2f cores", own)
	}
}
