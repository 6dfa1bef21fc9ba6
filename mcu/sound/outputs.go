package sound

import (
	"slices"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
)

const (
	// handBack (50 blocks, 1 s) is how long a listener that fell silent keeps its own
	// encoder. It hears what the silent hear, so the two encoders come to agree: a seam
	// that is 12 dB under the sound at once is 20 to 36 dB under it then.
	handBack = 50
	// tuneInterval (50 blocks, 1 s) lies between two looks at what listeners lose.
	tuneInterval = 50
	// maxLossy bounds the silent listeners that have encoders of their own for what they
	// lose.
	maxLossy = 4
)

// outputs says which encoder each listener hears, of those with one channel or of those with
// two. It belongs to the clock.
type outputs struct {
	bitrate int
	stereo  bool // for listeners with two channels
	sinks   bool // they hear it
	metrics *Metrics

	mixed  pcm.Block // what all say, then what one listener hears; of two channels the left
	right  pcm.Block // of two channels
	wide   bool      // they differ
	voices int       // in the mix of this tick
	music  int       // of them, those that are music
	shared *output   // all silent listeners'; nil before the first tick
	live   bool      // somebody heard the shared one in the last tick
	spare  []*output
	ticks  int
	losses []float64 // scratch of tune
}

// assign gives a listener that is in the mix an encoder of its own, and takes it back some
// time after.
func (o *outputs) assign(l *listener, hears bool) {
	switch {
	case !hears:
		o.release(l)
	case l.open || l.lossy:
		l.silent = 0
		if l.own == nil {
			o.fork(l)
		}
	case l.own != nil:
		if l.silent++; l.silent <= handBack {
			return
		}
		// The listener goes on with what it heard last: if nobody else hears the shared
		// stream, the shared stream goes on from its own.
		if !o.live && o.shared != nil {
			o.shared.cloneState(l.own)
			o.live = true
		}
		o.release(l)
	}
}

// fork gives a listener that heard the shared stream an encoder of its own, which goes on
// from the shared one.
func (o *outputs) fork(l *listener) {
	l.own = o.acquire()
	if l.own != nil && o.shared != nil {
		l.own.cloneState(o.shared)
	}
}

// acquire returns an output that nobody has, or nil when there is no encoder.
func (o *outputs) acquire() *output {
	if n := len(o.spare); n > 0 {
		out := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return out
	}
	out, err := newOutput(o.bitrate, o.stereo)
	if err != nil {
		o.metrics.errors.Inc()
		return nil
	}
	return out
}

// release takes a listener's own encoder back.
func (o *outputs) release(l *listener) {
	if l.own != nil {
		o.spare = append(o.spare, l.own)
		l.own, l.lossy = nil, false
	}
}

// sendShared encodes once for all silent listeners and for sinks, which get it as of
// sinceEpoch.
func (o *outputs) sendShared(m *sums, s *scene.Scene, all []*listener, at stamp, sinceEpoch time.Duration) {
	if o.shared == nil {
		o.shared = o.acquire()
	}
	o.live = false
	if o.shared == nil {
		return
	}
	if o.sinks && len(s.Sinks) > 0 {
		o.encodeShared(m)
		if packet := o.shared.payload[0]; len(packet) > 0 {
			for _, a := range s.Sinks {
				a.Audio(packet, sinceEpoch)
			}
		}
	}
	for i, l := range all {
		if d := s.Listeners[i].Stream; d != nil && !l.open && l.own == nil && l.stereo == o.stereo {
			o.encodeShared(m)
			o.shared.write(d, at)
		}
	}
}

// count counts who is in the mix of this tick.
func (o *outputs) count(all []*listener) {
	o.voices, o.music = 0, 0
	for _, l := range all {
		if l.open {
			o.voices++
			o.music += o.isMusic(l)
		}
	}
}

// isMusic is 1 for a listener that sends music, and 0 for others. The coding of a voice keeps two
// channels less well apart, so that of music is for what is sent in stereo.
func (o *outputs) isMusic(l *listener) int {
	if l.strip.Music() || o.stereo && l.image > 0 {
		return 1
	}
	return 0
}

// encodeShared encodes what all say, once a tick.
func (o *outputs) encodeShared(m *sums) {
	if !o.live {
		o.live = true
		o.mix(m, nil)
		o.shared.hear(o.voices, o.music)
		o.encode(o.shared)
	}
}

// sendOwn encodes for a listener with an encoder of its own what the others say.
func (o *outputs) sendOwn(m *sums, l *listener, d media.SoundStream, at stamp) {
	if l.own == nil || d == nil {
		return
	}
	if l.open {
		o.mix(m, l)
		l.own.hear(o.voices-1, o.music-o.isMusic(l))
	} else {
		o.mix(m, nil)
		l.own.hear(o.voices, o.music)
	}
	o.encode(l.own)
	l.own.write(d, at)
}

// encode encodes what is mixed.
func (o *outputs) encode(out *output) {
	o.metrics.encodes.Inc()
	var err error
	if o.stereo {
		err = out.encodeStereo(&o.mixed, &o.right, o.wide)
	} else {
		err = out.encode(&o.mixed)
	}
	if err != nil {
		o.metrics.errors.Inc()
	}
}

// mix mixes what all say but own, which may be nil.
func (o *outputs) mix(m *sums, own *listener) {
	var side, rest *pcm.Block
	if own == nil {
		m.mono.Mix(&o.mixed)
	} else {
		m.mono.Minus(&o.mixed, &own.said)
		side, rest = own.side, own.rest
	}
	if o.stereo {
		o.wide = m.stereo.Split(&o.mixed, &o.right, side, rest)
	}
}

// tune makes all streams for what their listeners lose, once in tuneInterval: the shared
// one for the median of its listeners.
func (o *outputs) tune(s []scene.Listener, all []*listener) {
	if o.ticks++; o.ticks%tuneInterval != 0 || o.shared == nil {
		return
	}
	o.losses = o.losses[:0]
	for i, l := range all {
		if s[i].Stream != nil && !l.open && !l.lossy && l.stereo == o.stereo {
			o.losses = append(o.losses, s[i].Stream.Loss())
		}
	}
	if n := len(o.losses); n > 0 {
		slices.Sort(o.losses)
		o.shared.tuneFEC(o.losses[(n-1)/2])
	}
	lossy := 0
	for i, l := range all {
		if s[i].Stream != nil && l.stereo == o.stereo {
			o.tuneOwn(l, s[i].Stream.Loss(), &lossy)
		}
	}
}

// tuneOwn gives a silent listener that loses more than the shared stream is made for an
// encoder of its own; lossy counts these. A listener with its own has it made for what it
// loses.
func (o *outputs) tuneOwn(l *listener, lost float64, lossy *int) {
	l.lossy = !l.open && *lossy < maxLossy && l.loses(lost, o.shared.fecLoss)
	if l.lossy {
		*lossy++
		if l.own == nil {
			o.fork(l)
		}
	}
	if l.own != nil {
		l.own.tuneFEC(lost)
	}
}

// loses tells whether a listener loses more than the shared stream is made for.
func (l *listener) loses(lost float64, shared int) bool {
	was := 0
	if l.lossy && l.own != nil {
		was = l.own.fecLoss
	}
	return fecLossFor(was, lost) > shared
}
