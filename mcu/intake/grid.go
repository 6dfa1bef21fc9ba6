package intake

import "time"

// rate is how many pictures a second the clock of a room makes at most.
const rate = 30

// Tick is the time between them.
const Tick = time.Second / rate

// Grid puts pictures on a grid of thirtieths of a second, because the kernel wakes the picture clock some
// milliseconds late. Files of even times have a frame rate, which other programs ask for. Parts of HLS
// must have equal lengths, at least 85 % of the longest (RFC 8216bis §4.4.4.9), so pictures must too. A
// picture moves by at most three quarters of a step, to stay with its sound. One that the clock left out
// is a gap of a whole step. The zero value has no picture yet. It belongs to one goroutine.
type Grid struct {
	begun bool
	first time.Duration // of all pictures
	steps int64         // of the last from the first
	at    time.Duration // time of the last picture, as it came
}

// Place returns the place of a picture, later than all before. The first is its own place.
func (g *Grid) Place(at time.Duration) time.Duration {
	if !g.begun {
		g.begun, g.first, g.at = true, at, at
		return at
	}
	steps := time.Duration(1)
	if off := at - g.step(g.steps+1); at-g.at > Tick*3/2 || off > Tick*3/4 {
		steps = (at - g.step(g.steps) + Tick/2) / Tick // there was a pause, or the clock is slow
	}
	g.at = at
	g.steps += int64(max(steps, 1))
	return g.step(g.steps)
}

// After returns the first place at an instant or after it that is later than all pictures.
func (g *Grid) After(at time.Duration) time.Duration {
	if !g.begun {
		return at
	}
	steps := max(int64((at-g.first)/Tick)-1, g.steps+1)
	for g.step(steps) < at {
		steps++
	}
	return g.step(steps)
}

// step returns a place by its number. No error adds up.
func (g *Grid) step(n int64) time.Duration {
	whole, rest := time.Duration(n/rate), time.Duration(n%rate)
	return g.first + whole*time.Second + rest*time.Second/rate
}
