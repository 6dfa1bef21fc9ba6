package audio

import "time"

// Levels here are -dBov: the larger, the quieter.
const (
	noiseHigh = 50 // no noise is taken to be louder: it could be a steady voice
	clearly   = 6  // dB by which one voice is clearly louder than another
	// speechTime is the time over which a voice's loudness is averaged, in
	// seconds, and noiseRise how quickly a noise is learned, in dB a second.
	speechTime = 0.5
	noiseRise  = 2
)

// talker is what a Floor knows of one voice.
type talker struct {
	id       string
	noise    float64   // the quietest level of late
	mean     float64   // loudness of the speech, averaged over what was loud
	last     time.Time // of the last level
	run      time.Duration
	lastLoud time.Time
	since    time.Time // when the speech began; with speaking
	louder   time.Time // since when it is clearly louder than the holder; or zero
	speaking bool
}

// observe takes a level and reports whether the participant began to speak.
func (t *talker) observe(level uint8, now time.Time, cfg *FloorConfig) bool {
	var step time.Duration
	if !t.last.IsZero() {
		step = min(now.Sub(t.last), 100*time.Millisecond)
	}
	t.last = now
	l := float64(level)
	t.learn(min(l, float64(cfg.Weakest)+float64(cfg.Margin)), step)
	if l > min(t.noise-float64(cfg.Margin), float64(cfg.Weakest)) {
		// A short dip within a syllable does not start the attack afresh.
		t.run = max(t.run-2*step, 0)
		return false
	}
	t.average(l, step)
	t.run = min(t.run+step, cfg.Attack)
	t.lastLoud = now
	if t.speaking || t.run < cfg.Attack {
		return false
	}
	t.speaking = true
	t.since = now
	return true
}

// learn follows the noise: down at once, up slowly. Noise that is too weak to
// matter has been cut off, so that a moment of silence is not remembered for long.
func (t *talker) learn(level float64, step time.Duration) {
	if level > t.noise {
		t.noise = level
		return
	}
	t.noise = max(t.noise-noiseRise*step.Seconds(), level, noiseHigh)
}

func (t *talker) average(level float64, step time.Duration) {
	if !t.speaking && t.run == 0 {
		t.mean = level
		return
	}
	t.mean += (level - t.mean) * min(step.Seconds()/speechTime, 1)
}
