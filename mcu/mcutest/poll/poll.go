// Package poll waits in tests for what no event tells, such as goroutines that are to end, and says how busy the machine is.
package poll

import (
	"testing"
	"time"
)

// Patience is how long anything is waited for. Tests that pass are not slowed by it.
const Patience = 45 * time.Second

// Until calls ok every 5 ms until it returns true. After Patience the test fails with what was
// waited for. It is for the goroutine of the test.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	Within(t, Patience, what, ok)
}

// Within is Until for another patience than Patience.
func Within(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}
