package audio

const (
	// textureSpan (1 s) is how long the level is watched for a verdict, in blocks. Two alike count.
	textureSpan = 50
	// steadyRange and unsteadyRange are by how much the level of music varies at most, and that of
	// speech at least, within a second, in dB. What lies between changes no verdict.
	steadyRange, unsteadyRange = 12, 18
)

// texture tells music from speech by the level alone: speech has pauses in each second.
type texture struct {
	loudest, quietest uint8 // in -dBov, of this span
	blocks            int   // of it
	steady            int   // spans of music in a row; negative: of speech
	music             bool
}

// learn takes the level of a block that is heard, in -dBov.
func (t *texture) learn(level uint8) {
	if t.blocks == 0 {
		t.loudest, t.quietest = level, level
	}
	t.loudest, t.quietest = min(t.loudest, level), max(t.quietest, level)
	if t.blocks++; t.blocks < textureSpan {
		return
	}
	t.blocks = 0
	switch span := t.quietest - t.loudest; {
	case span <= steadyRange:
		t.steady = max(t.steady, 0) + 1
	case span >= unsteadyRange:
		t.steady = min(t.steady, 0) - 1
	}
	switch {
	case t.steady >= 2:
		t.music = true
	case t.steady <= -2:
		t.music = false
	}
}
