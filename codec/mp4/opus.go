package mp4

import "tilemix/codec/opus"

// maxFill is the longest gap of the sound that is filled, in samples.
const maxFill = audioRate

// fill fills a gap of the sound before a packet with packets of one empty frame each,
// which is how Opus marks what was not sent (RFC 6716 §3.4, R3; §4.4). Sound that
// begins later than the picture is a gap too: not all players see to when a track
// begins.
func (w *Writer) fill(until int64, packet []byte) {
	if w.audio.next == 0 {
		w.last = packet[0]
	}
	if until-w.audio.next > maxFill {
		return
	}
	empty := []byte{w.last &^ 3} // of one frame
	for frame := int64(opus.Samples(empty)); until-w.audio.next >= frame; {
		w.audio.data = append(w.audio.data, empty...)
		w.audio.add(w.audio.next, frame, 1, true)
	}
}
