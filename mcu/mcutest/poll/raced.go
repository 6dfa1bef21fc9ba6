package poll

import "testing"

// Alone skips a test under the race detector, which makes it several times slower and finds nothing
// in it: it computes in one goroutine, or looks at what programs make of files. It runs in the
// pass without the detector.
func Alone(t testing.TB) {
	t.Helper()
	if raced {
		t.Skip("the race detector finds nothing here")
	}
}
