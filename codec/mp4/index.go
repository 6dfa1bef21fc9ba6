package mp4

// entry is a fragment at which playing can begin.
type entry struct {
	time   int64 // of its first key frame, or packet where there is no picture
	offset int64 // of its moof
	sample uint32
}

// note remembers the fragment that will be written at offset.
func (w *Writer) note(offset int64) {
	t := &w.audio
	if w.cfg.Video {
		t = &w.video
	}
	at := t.start
	for i, s := range t.samples {
		if s.key {
			w.index = append(w.index, entry{at, offset, uint32(i + 1)})
			return
		}
		at += int64(s.duration)
	}
}

// appendIndex appends mfra, which players find from the file's end
// (ISO/IEC 14496-12 §8.8.9 to §8.8.11).
func (w *Writer) appendIndex(dst []byte) []byte {
	b := boxBuffer(dst)
	id := w.audio.id
	if w.cfg.Video {
		id = w.video.id
	}
	mfra := b.begin("mfra")
	tfra := b.begin("tfra")
	b.u32(1<<24, id, 3, uint32(len(w.index))) // version 1; sample numbers have 32 bits
	for _, e := range w.index {
		b.u64(uint64(e.time))
		b.u64(uint64(e.offset))
		b = append(b, 1, 1) // numbers of traf and trun: the picture's are the first
		b.u32(e.sample)
	}
	b.end(tfra)
	mfro := b.begin("mfro")
	b.u32(0, uint32(len(b)+8-mfra))
	b.end(mfro)
	b.end(mfra)
	return b
}
