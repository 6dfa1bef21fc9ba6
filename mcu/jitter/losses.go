package jitter

// Shares of packets lost, in units of 1/scale, from which on they are many and
// no longer, and over how many packets the share is averaged.
const (
	scale    = 1 << 16
	manyFrom = scale * 3 / 200
	manyTo   = scale / 200
	averaged = 128
)

// losses says whether packets that FEC could recover are lost again and again.
type losses struct {
	share int
	many  bool
}

func (l *losses) observe(lost bool) {
	if lost {
		l.share += (scale - l.share) / averaged
	} else {
		l.share -= l.share / averaged
	}
	switch {
	case l.share >= manyFrom:
		l.many = true
	case l.share < manyTo:
		l.many = false
	}
}
