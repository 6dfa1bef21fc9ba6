package mp4

// track gathers the samples of a fragment.
type track struct {
	id      uint32
	rate    int64
	data    []byte
	samples []sample
	start   int64 // of the fragment's first sample, in ticks
	next    int64 // where the last sample ends
	last    int64 // where it begins
}

// sample is an access unit or a packet.
type sample struct {
	duration, size uint32
	key            bool
}

// add takes the sample whose data was appended. One that begins before the
// one before it has ended begins where that ends.
func (t *track) add(at, duration int64, size int, key bool) {
	at = max(at, t.next)
	if len(t.samples) == 0 {
		t.start = at
	} else if at > t.next {
		t.samples[len(t.samples)-1].duration += uint32(at - t.next)
	}
	t.samples = append(t.samples, sample{uint32(duration), uint32(size), key})
	t.last, t.next = at, at+duration
}

// end has the last sample end at an instant, unless that is written already. What
// is written lasts until the next begins, whatever is said of it (ISO/IEC
// 14496-12 §8.8.12).
func (t *track) end(at int64) {
	if len(t.samples) == 0 {
		return
	}
	at = max(at, t.last+1)
	t.samples[len(t.samples)-1].duration = uint32(at - t.last)
	t.next = at
}

func (t *track) reset() {
	t.data, t.samples = t.data[:0], t.samples[:0]
}
