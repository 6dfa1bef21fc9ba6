package mp4

import "tilemix/codec/opus"

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
