package mp4

import "encoding/binary"

const (
	// Flags of tfhd and trun, and of samples (ISO/IEC 14496-12 §8.8.7, §8.8.8,
	// §8.8.3.1).
	defaultBaseIsMoof = 0x020000
	hasDataOffset     = 0x01
	hasDuration       = 0x100
	hasSize           = 0x200
	hasFlags          = 0x400
	isKey             = 0x02000000 // depends on no other
	isNotKey          = 0x01010000 // depends on others, is no sync sample
)

// boxes appends boxes. The size of a box is filled in when it ends.
type boxBuffer []byte

func (b *boxBuffer) u32(values ...uint32) {
	for _, v := range values {
		*b = binary.BigEndian.AppendUint32(*b, v)
	}
}

func (b *boxBuffer) u64(v uint64) { *b = binary.BigEndian.AppendUint64(*b, v) }

// begin begins a box and returns where.
func (b *boxBuffer) begin(kind string) int {
	start := len(*b)
	b.u32(0)
	*b = append(*b, kind...)
	return start
}

// end ends the box that began at start.
func (b *boxBuffer) end(start int) { b.patch(start, len(*b)-start) }

func (b *boxBuffer) patch(at, value int) { binary.BigEndian.PutUint32((*b)[at:], uint32(value)) }

// appendFragment appends moof and mdat of what has come.
func (w *Writer) appendFragment() {
	b := boxBuffer(w.buf)
	w.seq++
	moof := b.begin("moof")
	mfhd := b.begin("mfhd")
	b.u32(0, w.seq)
	b.end(mfhd)
	video := w.video.appendRun(&b)
	audio := w.audio.appendRun(&b)
	b.end(moof)
	mdat := b.begin("mdat")
	// Offsets count from the moof.
	if video > 0 {
		b.patch(video, len(b)-moof)
	}
	b = append(b, w.video.data...)
	if audio > 0 {
		b.patch(audio, len(b)-moof)
	}
	b = append(b, w.audio.data...)
	b.end(mdat)
	w.buf = b
}

// appendRun appends the track's traf and returns where its data offset is, 0
// where the track has no samples.
func (t *track) appendRun(b *boxBuffer) (offset int) {
	if len(t.samples) == 0 {
		return 0
	}
	traf := b.begin("traf")
	tfhd := b.begin("tfhd")
	b.u32(defaultBaseIsMoof, t.id)
	b.end(tfhd)
	tfdt := b.begin("tfdt")
	b.u32(1 << 24) // version 1: 64 bits
	b.u64(uint64(t.start))
	b.end(tfdt)
	trun := b.begin("trun")
	b.u32(hasDataOffset|hasDuration|hasSize|hasFlags, uint32(len(t.samples)))
	offset = len(*b)
	b.u32(0)
	for _, s := range t.samples {
		flags := uint32(isNotKey)
		if s.key {
			flags = isKey
		}
		b.u32(s.duration, s.size, flags)
	}
	b.end(trun)
	b.end(traf)
	return offset
}
