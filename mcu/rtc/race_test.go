//go:build race

package rtc

// raced tells whether the race detector is on, under which a sync.Pool forgets
// some of what it is given.
const raced = true
