package scene

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/media"
)

// Frugal is a path that carries no more than its client wants to receive: Most, in bits a second; 0 is any.
type Frugal struct {
	media.Path
	Most *atomic.Int64
}

// Estimate is media.Path's.
func (f Frugal) Estimate() int {
	carries, most := f.Path.Estimate(), int(f.Most.Load())
	if most > 0 && (carries == 0 || carries > most) {
		return most
	}
	return carries
}

// Probe is media.Path's.
func (f Frugal) Probe(bps int, now time.Time) {
	if most := int(f.Most.Load()); most == 0 || bps <= most {
		f.Path.Probe(bps, now)
	}
}
