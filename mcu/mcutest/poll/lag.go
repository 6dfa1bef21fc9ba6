package poll

import (
	"slices"
	"testing"
	"time"
)

// Lag measures from now on how late timers of 5 ms are on this machine. The function that it
// returns ends that and returns the 95th percentile. What is judged by the clock on a machine
// whose timers are late judges the machine.
func Lag(t testing.TB) (p95 func() time.Duration) {
	t.Helper()
	const sleep = 5 * time.Millisecond
	stop, lags := make(chan struct{}), make(chan []time.Duration)
	go func() {
		var all []time.Duration
		for {
			began := time.Now()
			select {
			case <-time.After(sleep):
				all = append(all, time.Since(began)-sleep)
			case <-stop:
				lags <- all
				return
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		all := <-lags
		if len(all) == 0 {
			return 0
		}
		slices.Sort(all)
		return all[(len(all)-1)*95/100]
	}
}
