package mcu

import "slices"

const (
	// mendInterval is how many blocks lie between two looks at what is lost, 1 s.
	mendInterval = 50
	// mostFrail bounds the listeners who have ears of their own for what they lose.
	mostFrail = 4
)

// mendSteps are the losses, in per cent, that sound is made for.
var mendSteps = [...]int{0, 5, 10, 20}

// mendFor returns the loss to make a stream for, in per cent, when it is made for
// was and a fraction is lost. It rises at once, and falls when less is lost than half of
// what lies between its step and the one below.
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

// mend tunes all ears to what their listeners lose. FEC takes bits from the sound, so the
// shared stream is made for what half of those lose who share it, and who loses more has
// an ear of his own for it.
func (c *soundClock) mend() {
	if c.ticks++; c.ticks%mendInterval != 0 || c.shared == nil {
		return
	}
	c.losses = c.losses[:0]
	for i := range c.scene.seats {
		if s := &c.scene.seats[i]; s.sound != nil && !s.p.sound.open && !s.p.sound.frail {
			c.losses = append(c.losses, s.sound.Loss())
		}
	}
	if n := len(c.losses); n > 0 {
		slices.Sort(c.losses)
		c.shared.mend(c.losses[(n-1)/2])
	}
	frail := 0
	for i := range c.scene.seats {
		if s := &c.scene.seats[i]; s.sound != nil {
			c.spareShared(&s.p.sound, s.sound.Loss(), &frail)
		}
	}
}

// spareShared gives an ear of his own, of which there are mostFrail, to who is silent and
// loses more than the shared stream is made for; who has one has it made for what he loses.
func (c *soundClock) spareShared(snd *sound, lost float64, frail *int) {
	snd.frail = !snd.open && *frail < mostFrail && snd.loses(lost, c.shared.mended)
	if snd.frail {
		*frail++
		if snd.own == nil {
			c.part(snd)
		}
	}
	if snd.own != nil {
		snd.own.mend(lost)
	}
}

// loses tells whether somebody loses more than the shared stream is made for.
func (snd *sound) loses(lost float64, shared int) bool {
	was := 0
	if snd.frail && snd.own != nil {
		was = snd.own.mended
	}
	return mendFor(was, lost) > shared
}
