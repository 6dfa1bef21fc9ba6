package mp4

import "tilemix/codec/opus"

// track gathers the samples of a fragment.
type track struct {
	id      uint32
	rate    int64
	entry   int // sample entry of the fragment's samples
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

// maxFill is the longest gap of the sound that is filled, in samples.
const maxFill = audioRate

// fill fills a gap of the sound with packets of one empty frame each, which is how Opus marks what
// was not sent (RFC 6716 §3.4, R3; §4.4). Toc is the first byte of a packet beside the gap. Sound that
// begins later than the picture is a gap too, because not all players look where a track begins.
func (t *track) fill(until int64, toc byte) {
	if until-t.next > maxFill {
		return
	}
	empty := []byte{toc &^ 3} // of one frame
	for frame := int64(opus.Samples(empty)); until-t.next >= frame; {
		t.data = append(t.data, empty...)
		t.add(t.next, frame, len(empty), true)
	}
}
