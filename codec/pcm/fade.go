package pcm

// FadeIn raises the block's gain smoothly from 0 to 1.
func FadeIn(b *Block) {
	for i := range b {
		b[i] *= rise(i, Samples)
	}
}

// FadeOut lowers the block's gain smoothly from 1 to 0. At every sample it and
// FadeIn make up 1.
func FadeOut(b *Block) {
	for i := range b {
		b[i] *= 1 - rise(i, Samples)
	}
}

// rise is sample i of a ramp from 0 to 1 in n samples that is level at both ends.
func rise(i, n int) float32 {
	t := (float32(i) + 0.5) / float32(n)
	return t * t * (3 - 2*t)
}
