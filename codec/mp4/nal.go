package mp4

import (
	"bytes"
	"encoding/binary"
	"slices"

	"tilemix/codec/h264"
)

// NAL unit types (H.264 Table 7-1).
const (
	nalSPS       = 7
	nalPPS       = 8
	nalDelimiter = 9
)

// maxSet, in bytes, and maxSide, in pixels, are what the boxes have room for.
const maxSet, maxSide = 1<<16 - 1, 1<<16 - 1

// entrySize is what a sample entry has at most beside its parameter sets, in bytes.
const entrySize = 150

// description is what a sample entry says of pictures.
type description struct {
	seq, pic      []byte // parameter sets
	width, height int    // pixels
}

// parameterSets are those of which the file's beginning has a sample entry. The first entry is that of the
// first key frame.
type parameterSets struct {
	entries []description
	room    int  // bytes left for further entries
	added   bool // an entry that the file does not have yet
	changed bool // other sets than the first have come: from then on all stay in the stream
}

// find returns the sample entry of a key frame, which it adds where it is new and there is room. Without
// room it is the first of that size, or the first of all. It returns false if the key frame lacks
// parameter sets, or has some that cannot be believed.
func (p *parameterSets) find(au []byte) (entry int, ok bool) {
	found, ok := describe(au)
	if !ok {
		return 0, false
	}
	size := 0
	for i, e := range p.entries {
		switch {
		case bytes.Equal(e.seq, found.seq) && bytes.Equal(e.pic, found.pic):
			return i, true
		case size == 0 && e.width == found.width && e.height == found.height:
			size = i
		}
	}
	need := entrySize + len(found.seq) + len(found.pic)
	if len(p.entries) > 0 && need > p.room {
		return size, true
	}
	if len(p.entries) > 0 {
		p.room -= need
	}
	found.seq, found.pic = bytes.Clone(found.seq), bytes.Clone(found.pic)
	p.entries, p.added = append(p.entries, found), true
	return len(p.entries) - 1, true
}

// largest returns the entry with the largest pictures.
func (p *parameterSets) largest() description {
	return slices.MaxFunc(p.entries, func(a, b description) int { return a.width*a.height - b.width*b.height })
}

// describe takes the first parameter sets of an access unit, whose memory they share, and tells whether
// it has both and they can be believed.
func describe(au []byte) (d description, ok bool) {
	for nal := range h264.NALs(au) {
		switch kind := nal[0] & 0x1f; {
		case kind == nalSPS && d.seq == nil:
			d.seq = nal
		case kind == nalPPS && d.pic == nil:
			d.pic = nal
		}
	}
	if d.pic == nil || max(len(d.seq), len(d.pic)) > maxSet {
		return d, false
	}
	var err error
	d.width, d.height, err = h264.Size(d.seq)
	return d, err == nil && max(d.width, d.height) <= maxSide
}

// appendSample appends an access unit as ISO/IEC 14496-15 §5.3 has it: lengths for
// start codes, and without what the file's beginning has.
func (p *parameterSets) appendSample(dst, au []byte) []byte {
	for nal := range h264.NALs(au) {
		switch nal[0] & 0x1f {
		case nalDelimiter:
			continue
		case nalSPS, nalPPS:
			p.changed = p.changed || !bytes.Equal(nal, p.entries[0].seq) && !bytes.Equal(nal, p.entries[0].pic)
			if !p.changed {
				continue
			}
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(nal)))
		dst = append(dst, nal...)
	}
	return dst
}
