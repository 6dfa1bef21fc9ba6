package sound

// fecSteps are the losses, in per cent, that a stream is made for.
var fecSteps = [...]int{0, 5, 10, 20}

// fecLossFor returns the loss to make a stream for, in per cent, when it is made for was
// and a fraction is lost. It rises at once, and falls when less is lost than half of what
// lies between its step and the one below.
func fecLossFor(was int, lost float64) int {
	percent := 100 * lost
	step := 0
	for i, s := range fecSteps {
		if percent >= 0.6*float64(s) {
			step = s
		}
		if was == s && i > 0 && percent >= 0.5*float64(fecSteps[i-1]+s)/2 && step < was {
			step = was
		}
	}
	return step
}
