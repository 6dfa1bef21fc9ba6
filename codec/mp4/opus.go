package mp4

// maxFill is the longest gap of the sound that is filled, in samples.
const maxFill = audioRate

// samplesOf returns the length of an Opus packet in samples at 48 kHz, 0 for
// what is none (RFC 6716 §3.1, §3.2).
func samplesOf(packet []byte) int64 {
	frame := frameOf(packet[0])
	switch packet[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(packet) < 2 {
		return 0
	}
	if n := int64(packet[1]&63) * frame; n <= audioRate*120/1000 {
		return n
	}
	return 0
}

// frameOf returns the length of a frame by its packet's TOC (RFC 6716 Table 2).
func frameOf(toc byte) int64 {
	config := toc >> 3
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [...]int64{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return [...]int64{480, 960}[config&1]
	default: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	}
}

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
	for frame := frameOf(w.last); until-w.audio.next >= frame; {
		w.audio.data = append(w.audio.data, w.last&^3)
		w.audio.add(w.audio.next, frame, 1, true)
	}
}
