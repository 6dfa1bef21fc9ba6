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

// mend tunes all ears to what their listeners lose. FEC takes bits from the sound, so the
// shared stream is made for what half of its listeners lose, and who loses more has an
// ear of his own for it.
func (c *soundClock) mend() {
	if c.ticks++; c.ticks%mendInterval != 0 || c.shared == nil {
		return
	}
	c.losses = c.losses[:0]
	for i := range c.scene.seats {
		if s := &c.scene.seats[i]; s.sound != nil && !s.p.sound.open {
			c.losses = append(c.losses, s.sound.Loss())
		}
	}
	if n := len(c.losses); n > 0 {
		slices.Sort(c.losses)
		c.shared.mend(c.losses[(n-1)/2])
	}
	frail := 0
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		if s.sound == nil {
			continue
		}
		snd, lost := &s.p.sound, s.sound.Loss()
		if snd.own != nil {
			snd.own.mend(lost)
		}
		if snd.frail = frail < mostFrail && snd.loses(lost, c.shared.mended); snd.frail {
			frail++
		}
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
