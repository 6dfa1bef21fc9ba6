// Package backoff computes how long to wait before the next attempt.
package backoff

import "time"

// Schedule says how waits grow. It is a value without a clock.
type Schedule struct {
	First   time.Duration // after the first failure; it doubles with each further one
	Longest time.Duration // of all waits
}

// After returns the wait after a number of failures in a row, which is 1 or more. random lies in
// [0, 1) and shortens the wait by up to half, so that clients of one server come back at different
// times; 0 leaves it whole.
func (s Schedule) After(failures int, random float64) time.Duration {
	const maxShift = 30
	wait := s.Longest
	if doubled := s.First << min(max(failures, 1)-1, maxShift); doubled > 0 {
		wait = min(doubled, wait)
	}
	return wait - time.Duration(random*float64(wait/2))
}
