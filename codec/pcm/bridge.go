package pcm

const (
	// bridgeFade (40 ms) is how long sound that is made up lasts.
	bridgeFade = 2 * Samples
	// bridgeJoin (2.5 ms) is over how many samples the sound that follows is cross-faded.
	bridgeJoin = 120
)

// Bridge makes up sound where some is missing, from the sound before: its last 20 ms, played to and fro while
// they fade out. It knows nothing of how the sound was coded. The zero value is ready. It is not safe
// for concurrent use, and allocates nothing.
type Bridge struct {
	last Block // that was heard
	n    int   // samples of it, at its end
	made int   // samples since then
}

// Join takes the next sound as it came. Where sound was made up before, it cross-fades the
// first 2.5 ms of b with that.
func (g *Bridge) Join(b []float32) {
	if g.made > 0 {
		for i := range b[:min(len(b), bridgeJoin)] {
			w := float32(i) / bridgeJoin
			b[i] = w*b[i] + (1-w)*g.sample(g.made+i)
		}
	}
	g.made = 0
	if len(b) >= Samples {
		copy(g.last[:], b[len(b)-Samples:])
		g.n = Samples
		return
	}
	copy(g.last[:], g.last[len(b):])
	copy(g.last[Samples-len(b):], b)
	g.n = min(g.n+len(b), Samples)
}

// Make writes the sound that may have come next to dst. After 40 ms it is silence.
func (g *Bridge) Make(dst []float32) {
	for i := range dst {
		dst[i] = g.sample(g.made + i)
	}
	g.made = min(g.made+len(dst), bridgeFade)
}

// sample returns the k-th sample that is made up.
func (g *Bridge) sample(k int) float32 {
	if k >= bridgeFade || g.n == 0 {
		return 0
	}
	at := k % (2 * g.n)
	if at >= g.n {
		at = 2*g.n - 1 - at
	}
	return g.last[Samples-1-at] * (1 - float32(k)/bridgeFade)
}
