package pcm

// FadeIn raises the block's gain from 0 to 1, on a curve that is level at both ends.
func FadeIn(b *Block) {
	for i := range b {
		t := (float32(i) + 0.5) / Samples
		b[i] *= t * t * (3 - 2*t)
	}
}

// FadeOut lowers the block's gain from 1 to 0, on a curve that is level at both ends.
func FadeOut(b *Block) {
	for i := range b {
		t := (float32(i) + 0.5) / Samples
		b[i] *= 1 - t*t*(3-2*t)
	}
}
