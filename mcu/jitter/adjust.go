package jitter

// Adjustment says how the caller brings the delay to the target.
type Adjustment uint8

const (
	// Keep is to play one block.
	Keep Adjustment = iota
	// AccelerateQuiet is to play two blocks in about the time of one if the first is
	// quiet.
	AccelerateQuiet
	// Accelerate is to play two blocks in about the time of one.
	Accelerate
	// ExpandQuiet is to make up a block, and take nothing out of the buffer, if
	// the sound is quiet.
	ExpandQuiet
	// Expand is to play a block in about the time of one and a half.
	Expand
)

const (
	// A delay that is over the target by this much is brought down: in the quiet,
	// in any sound slowly and fast, by skipping.
	accelerateQuiet = block + 5*ms
	accelerateSlow  = block + 20*ms
	accelerateFast  = block + 60*ms
	maxExcess       = 300 * ms
	// One that is under it by this much is brought up in any sound, slowly and fast.
	expandSlow = 10 * ms
	expandFast = 30 * ms
	// patience is for how many blocks the delay must have been off: the caller's
	// own clock may have been. slowly and fast are how many of them
	// there are to one change of sound that is not quiet.
	patience = 5
	slowly   = 50
	fast     = 5
)
