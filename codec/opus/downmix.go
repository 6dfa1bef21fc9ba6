package opus

// downmix makes one channel of two. Half the sum is that, but where the channels are opposites,
// as with a cable that is soldered wrong, half the difference: their sum would be silence. Which
// of them it is follows the last quarter of a second, and changes by cross-fading.
type downmix struct {
	stereo  []float32 // interleaved
	product float32   // of the channels, smoothed
	power   float32   // of both, smoothed
	inverse bool
	weight  float32 // of the right channel: 1, or -1
	turned  bool    // it changed in the samples mixed last
}

const (
	// memory is how much of what was known stays after a packet, of 20 ms mostly.
	memory = 0.92
	// opposite and alike are the correlations at which the channels begin and end to count as opposites.
	opposite, alike = -0.8, -0.3
	// weightStep is how fast the right channel turns round, a sample: within 20 ms.
	weightStep = 1. / 480
)

// room returns where n samples of both channels go.
func (d *downmix) room(n int) []float32 {
	if cap(d.stereo) < 2*n {
		d.stereo = make([]float32, 2*maxSamples)
	}
	return d.stereo[: 2*n : 2*n]
}

// mix writes n samples to dst.
func (d *downmix) mix(dst []float32, n int) {
	var product, power float32
	for i := range n {
		l, r := d.stereo[2*i], d.stereo[2*i+1]
		product += l * r
		power += l*l + r*r
	}
	d.product, d.power = memory*d.product+product, memory*d.power+power
	switch correlation := 2 * d.product; {
	case correlation < opposite*d.power:
		d.inverse = true
	case correlation > alike*d.power:
		d.inverse = false
	}
	target := float32(1)
	if d.inverse {
		target = -1
	}
	d.turned = d.weight != target
	for i := range n {
		switch {
		case d.weight < target:
			d.weight = min(d.weight+weightStep, target)
		case d.weight > target:
			d.weight = max(d.weight-weightStep, target)
		}
		dst[i] = (d.stereo[2*i] + d.weight*d.stereo[2*i+1]) / 2
	}
}

// Sides writes what mono, the samples that Decode or Recover returned last, leaves out: the left
// channel is mono + rest + side, and the right one mono + rest - side. rest is silent but for
// channels that are opposites. Both are as long as mono. It returns false, and writes nothing,
// where no packet has been stereo so far. Errors of Decode and Recover leave both unspecified.
func (d *Decoder) Sides(mono, side, rest []float32) (stereo bool) {
	if d.two == nil {
		return false
	}
	lr := d.two.stereo[:2*len(mono)]
	side, rest = side[:len(mono)], rest[:len(mono)]
	if d.two.weight == 1 && !d.two.turned {
		clear(rest)
		for i := range side {
			side[i] = (lr[2*i] - lr[2*i+1]) / 2
		}
		return true
	}
	for i, m := range mono {
		l, r := lr[2*i], lr[2*i+1]
		side[i], rest[i] = (l-r)/2, (l+r)/2-m
	}
	return true
}
