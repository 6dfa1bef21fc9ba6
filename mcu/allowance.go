package mcu

import "time"

// apart is how far IDRs are apart that one viewer causes, by how many he lately
// did: the first two he has at once, a picture that is lost is to be mended.
var apart = [...]time.Duration{0, 0, 5 * time.Second, 10 * time.Second, 20 * time.Second}

// forgiven is how long a viewer has to ask for nothing for one IDR to be forgotten.
const forgiven = 10 * time.Second

// allowance bounds the IDRs that one viewer causes: everybody who has his rendition
// pays for them. The zero value is ready.
type allowance struct {
	spent int // of apart
	asked time.Time
	given time.Time
}

// asks takes note of a request and tells whether it may cause an IDR.
func (a *allowance) asks(now time.Time) bool {
	if quiet := now.Sub(a.asked) / forgiven; quiet > 0 {
		a.spent = max(0, a.spent-int(min(quiet, time.Duration(len(apart)))))
	}
	a.asked = now
	return now.Sub(a.given) >= apart[a.spent]
}

// spend takes note of an IDR that was caused.
func (a *allowance) spend(now time.Time) {
	a.given = now
	a.spent = min(a.spent+1, len(apart)-1)
}
