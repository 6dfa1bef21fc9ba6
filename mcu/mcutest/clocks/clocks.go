// Package clocks has times of a machine whose clock was set.
package clocks

import (
	"fmt"
	"time"
	"unsafe"
)

// Set returns what time.Now would have been at now if somebody had set the machine's clock by a number of whole
// seconds meanwhile: the wall clock of the result differs, and the monotonic clock does not. It panics for a time
// that is not of time.Now.
func Set(now time.Time, by time.Duration) time.Time {
	set := now
	wall := (*uint64)(unsafe.Pointer(&set)) // of package time: a flag, 33 bits of seconds, 30 bits of nanoseconds
	*wall += uint64(int64(by/time.Second)) << 30
	if set.Sub(now) != 0 || set.UnixNano()-now.UnixNano() != int64(by) {
		panic(fmt.Sprintf("%v is no time of time.Now, or package time has changed", now))
	}
	return set
}
