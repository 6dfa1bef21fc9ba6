package pcm

// FadeOut lowers the block's gain from 1 to 0, on a curve that is level at both ends.
func FadeOut(b *Block) {
	for i := range b {
		t := (float32(i) + 0.5) / Samples
		b[i] *= 1 - t*t*(3-2*t)
	}
}
