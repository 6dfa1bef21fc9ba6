package mcu_test

import (
	"slices"
	"testing"
	"time"
)

// machineLag measures how late this process wakes from sleep, until p95 is called. By it
// tests that measure real time tell what the machine did from what the server did.
func machineLag(t *testing.T) (p95 func() time.Duration) {
	t.Helper()
	const sleep = 5 * ms
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
