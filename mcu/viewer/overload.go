package viewer

import "tilemix/mcu/ladder"

const (
	// overloadTicks is how many ticks of a clock are looked at, about.
	overloadTicks = 30
	// overloaded is how many of them a server misses that is too busy.
	overloaded = 3
)

// Overload is how many ticks a clock missed of late. A server that is too busy delays
// packets as a narrow path does. If each viewer were then given another rendition, the
// server would only have more to encode.
type Overload float64

// Tick takes how many ticks were missed before this one.
func (o *Overload) Tick(missed int) {
	*o = *o*(overloadTicks-1)/overloadTicks + Overload(min(missed, overloadTicks))
}

// Strained tells whether the server is too busy.
func (o Overload) Strained() bool { return o >= overloaded }

// Limits tells whether an estimate in bits a second is too low for a rung because of the
// server. An estimate under half of what the rung needs is the path's.
func (o Overload) Limits(estimate int, on ladder.Rung) bool {
	return o.Strained() && estimate > on.Bitrate/2
}
