package mp4

import (
	"bytes"
	"encoding/binary"

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

// parameterSets are those that are in the file's beginning.
type parameterSets struct {
	seq, pic      []byte
	width, height int  // pixels
	changed       bool // others have come: from then on all stay in the stream
}

// find takes the first parameter sets of an access unit, and tells whether it has
// both and they can be believed.
func (p *parameterSets) find(au []byte) bool {
	var found parameterSets
	for nal := range h264.NALs(au) {
		switch kind := nal[0] & 0x1f; {
		case kind == nalSPS && found.seq == nil:
			found.seq = nal
		case kind == nalPPS && found.pic == nil:
			found.pic = nal
		}
	}
	if found.pic == nil || max(len(found.seq), len(found.pic)) > maxSet {
		return false
	}
	var err error
	if p.width, p.height, err = h264.Size(found.seq); err != nil || max(p.width, p.height) > maxSide {
		return false
	}
	p.seq, p.pic = bytes.Clone(found.seq), bytes.Clone(found.pic)
	return true
}

// appendSample appends an access unit as ISO/IEC 14496-15 §5.3 has it: lengths for
// start codes, and without what the file's beginning has.
func (p *parameterSets) appendSample(dst, au []byte) []byte {
	for nal := range h264.NALs(au) {
		switch nal[0] & 0x1f {
		case nalDelimiter:
			continue
		case nalSPS, nalPPS:
			p.changed = p.changed || !bytes.Equal(nal, p.seq) && !bytes.Equal(nal, p.pic)
			if !p.changed {
				continue
			}
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(nal)))
		dst = append(dst, nal...)
	}
	return dst
}
