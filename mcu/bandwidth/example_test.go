package bandwidth_test

import (
	"fmt"
	"time"

	"tilemix/mcu/bandwidth"
)

// A sender sends 2 Mbit/s over a path of 1 Mbit/s. Packets wait ever longer in a queue, so the
// estimate falls below what the path carries.
func ExampleEstimator() {
	var e bandwidth.Estimator
	const size, rate = 1250, 10_000 // bits of a packet, and what the path carries in 10 ms
	var free time.Duration          // when the path has sent what it was given
	for now := time.Duration(0); now < 2*time.Second; now += 100 * time.Millisecond {
		var report []bandwidth.Outcome
		for sent := now; sent < now+100*time.Millisecond; sent += 5 * time.Millisecond {
			free = max(free, sent) + size*8*10*time.Millisecond/rate
			report = append(report, bandwidth.Outcome{Sent: sent, Arrived: free, Size: size})
		}
		e.Report(now+100*time.Millisecond, report)
	}
	fmt.Println("a limit has shown:", e.Rate() > 0)
	fmt.Println("below 1 Mbit/s:", e.Rate() < 1_000_000)
	fmt.Println("a queue stands:", e.Queue() > 100*time.Millisecond)
	// Output:
	// a limit has shown: true
	// below 1 Mbit/s: true
	// a queue stands: true
}
