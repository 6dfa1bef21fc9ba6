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
	work := func() {
		for end := time.Now().Add(span); time.Now().Before(end); {
		}
	}
	var still, own float64
	for range 20 { // others may begin between the two
		if still, own = during(rest), during(work); still >= poll.Crowded || own <= 3*poll.Crowded {
			break
		}
	}
	other := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := other.Start(); err != nil {
		t.Skip(err)
	}
	var others float64
	poll.Until(t, "the shell to run", func() bool { others = during(rest); return others >= poll.Crowded })
	_ = other.Process.Kill()
	_ = other.Wait()
	t.Logf("others have %.2f cores at rest, %.2f beside the test at work, %.2f with a shell", still, own, others)
	if still < poll.Crowded && own > 3*poll.Crowded {
		t.Errorf("what the test uses counts as others': %.2f cores", own)
	}
}
