package gateway

import (
	"fmt"
	"runtime"
)

// encoders has a place for each stream that FFmpeg may transcode at a time, because each takes up to a
// core. It is safe for concurrent use.
type encoders chan struct{}

// newEncoders returns n places; 0: one a core, and two at least.
func newEncoders(n int) encoders {
	if n == 0 {
		n = max(2, runtime.NumCPU())
	}
	return make(encoders, n)
}

// take takes a place until release is called. The error is ErrTooMany.
func (e encoders) take() (release func(), err error) {
	select {
	case e <- struct{}{}:
		return func() { <-e }, nil
	default:
		return nil, fmt.Errorf("%w: the server transcodes %d streams, and has cores for no more; H.264 with 8 bits and 4:2:0 needs no transcoding",
			ErrTooMany, cap(e))
	}
}

func (e encoders) full() bool { return len(e) == cap(e) }
