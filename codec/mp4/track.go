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

// maxFill is the longest gap of the sound that is filled, in samples, and maxLead that before the sound
// begins: to FFmpeg a file is as much longer as its sound begins late.
const maxFill, maxLead = audioRate, 60 * audioRate

// silence has the first bytes of CELT frames of 20, 10, 5 and 2.5 ms, whose two further bytes say that
// there is no sound (RFC 6716 §3.1, §4.3: configurations 31 to 28).
var silence = [...]byte{0xf8, 0xf0, 0xe8, 0xe0}

// fill fills a gap of the sound, because not all players look where sound begins or is interrupted. Toc is
// the first byte of a packet beside the gap. Sound that begins later than the picture begins with silence,
// up to 2.5 ms. In a later gap, packets have a frame that was not sent, so decoders conceal it.
func (t *track) fill(until int64, toc byte) {
	if t.next > 0 {
		if until-t.next > maxFill {
			return
		}
		lost := unsent([]byte{toc &^ 3}) // of one frame
		for frame := int64(opus.Samples(lost)); until-t.next >= frame; {
			t.put(lost, frame)
		}
		return
	}
	if until > maxLead {
		return
	}
	for _, config := range silence {
		quiet := []byte{config | toc&4, 0xff, 0xfe} // mono or stereo, as the rest
		for frame := int64(opus.Samples(quiet)); until-t.next >= frame; {
			t.put(quiet, frame)
		}
	}
}

// unsent returns a packet whose frames have no bytes, which is how Opus marks what was not sent (RFC 6716
// §3.2.1, §4.4). Such a packet comes as its first byte alone. MPEG-TS muxers refuse that, so the number of
// its frames follows (§3.2.5).
func unsent(packet []byte) []byte {
	return []byte{packet[0] | 3, 1 + packet[0]&1}
}

// put adds a packet behind the last.
func (t *track) put(packet []byte, samples int64) {
	t.data = append(t.data, packet...)
	t.add(t.next, samples, len(packet), true)
}
