package mcu

import "slices"

const (
	// mendInterval is how many blocks lie between two looks at what is lost, 1 s.
	mendInterval = 50
	// mendShare is the share of listeners to the shared stream who may lose more than
	// it is made for: FEC takes bits from everybody's sound.
	mendShare = 10
)

// mendSteps are the losses, in per cent, that sound is made for.
var mendSteps = [...]int{0, 5, 10, 20}

// mendFor returns the loss to make a stream for, in per cent, when it is made for
// was and a fraction is lost. It rises at once, and falls when less than half of
// its step is lost.
func mendFor(was int, lost float64) int {
	percent := 100 * lost
	step := 0
	for i, s := range mendSteps {
		if percent >= 0.6*float64(s) {
			step = s
		}
		if was == s && i > 0 && percent >= 0.5*float64(mendSteps[i-1]+s)/2 && step < was {
			step = was
		}
	}
	return step
}

// mend tunes a stream's FEC to a fraction lost.
func (e *ear) mend(lost float64) {
	percent := mendFor(e.mended, lost)
	if percent == e.mended {
		return
	}
	if err := e.enc.SetPacketLoss(percent); err == nil {
		e.mended = percent
	}
}

// mend tunes all ears to what their listeners lose.
func (c *soundClock) mend() {
	if c.ticks++; c.ticks%mendInterval != 0 {
		return
	}
	c.losses = c.losses[:0]
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		switch {
		case s.sound == nil:
		case s.p.sound.own != nil:
			s.p.sound.own.mend(s.sound.Loss())
		default:
			c.losses = append(c.losses, s.sound.Loss())
		}
	}
	if c.shared == nil || len(c.losses) == 0 {
		return
	}
	slices.Sort(c.losses)
	c.shared.mend(c.losses[len(c.losses)-1-len(c.losses)/mendShare])
}
