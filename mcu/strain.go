package mcu

import "tilemix/mcu/ladder"

const (
	// strainTicks is how many ticks of a clock are looked at, about.
	strainTicks = 30
	// strained is how many of them a machine misses that is too busy.
	strained = 3
)

// strain is how many ticks a clock missed of late. A machine that is too busy delays
// packets as a narrow line does. Were every viewer given another rendition for that, it
// would only have more to encode.
type strain float64

// tick takes how many ticks were missed before this one.
func (s *strain) tick(missed int) {
	*s = *s*(strainTicks-1)/strainTicks + strain(min(missed, strainTicks))
}

// excuses tells whether an estimate in bits a second is too low for a rung because of
// the machine: one that is under half of it is the line's. It excuses from going down alone.
func (s strain) excuses(estimate int, on ladder.Rung) bool {
	return s >= strained && estimate > on.Bitrate/2
}
