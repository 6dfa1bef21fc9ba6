package quality

import "time"

const (
	// forget (5 s) is how long it is better until that is shown, and settle (2 s) how long another
	// cause of the same level explains it until that is shown.
	forget = 5 * time.Second
	settle = 2 * time.Second
)

// Hysteresis holds a finding for a while, so that what comes and goes does not flicker. The zero value is
// excellent. It belongs to one goroutine.
type Hysteresis struct {
	shown Finding
	other time.Time // since when it is another one; zero: it is not
}

// Shown returns what is shown now.
func (w *Hysteresis) Shown() Finding { return w.shown }

// Update takes what is found at a time, once a second, and returns what is shown, and whether that is
// news. What is worse is shown at once.
func (w *Hysteresis) Update(found Finding, now time.Time) (shown Finding, news bool) {
	switch {
	case found == w.shown:
		w.other = time.Time{}
		return w.shown, false
	case found.Level > w.shown.Level:
	default:
		if w.other.IsZero() {
			w.other = now
		}
		wait := settle
		if found.Level < w.shown.Level {
			wait = forget
		}
		if now.Sub(w.other) < wait {
			return w.shown, false
		}
	}
	w.shown, w.other = found, time.Time{}
	return w.shown, true
}
