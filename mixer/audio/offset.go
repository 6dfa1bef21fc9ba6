package audio

import "tilemix/codec/pcm"

const (
	// offsetShare is how much of a block's mean goes into the offset: it is known after 2 s.
	offsetShare = 0.03
	// offsetLeast (-46 dBFS) is the offset that is left in: less opens no gate and takes no
	// headroom, and voices have as much by chance.
	offsetLeast = 0.005
)

// offset takes a constant voltage out of a microphone's sound, which would keep its gate open.
type offset struct {
	mean float32 // of late
	out  float32 // that was taken out last
}

// remove takes the offset out of b and reports whether there was any.
func (o *offset) remove(b *pcm.Block) bool {
	var s0, s1 float32
	for i := 0; i < len(b); i += 2 {
		s0 += b[i]
		s1 += b[i+1]
	}
	o.mean += ((s0+s1)/pcm.Samples - o.mean) * offsetShare
	want := o.mean
	if want < offsetLeast && want > -offsetLeast {
		want = 0
	}
	if want == 0 && o.out == 0 {
		return false
	}
	slope := (want - o.out) / pcm.Samples
	for i := range b {
		o.out += slope
		b[i] -= o.out
	}
	o.out = want
	return true
}
