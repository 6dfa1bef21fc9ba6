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
	for nal, rest := nextNAL(au); len(nal) > 0; nal, rest = nextNAL(rest) {
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
	for nal, rest := nextNAL(au); len(nal) > 0; nal, rest = nextNAL(rest) {
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

// nextNAL cuts the next NAL unit that has something in it from an Annex B stream.
func nextNAL(stream []byte) (nal, rest []byte) {
	for len(nal) == 0 {
		_, after, ok := bytes.Cut(stream, startCode)
		if !ok {
			return nil, nil
		}
		end := bytes.Index(after, startCode)
		if end < 0 {
			end = len(after)
		}
		nal, stream = bytes.TrimRight(after[:end], "\x00"), after[end:]
	}
	return nal, stream
}

// startCode is H.264 Annex B's start_code_prefix_one_3bytes.
var startCode = []byte{0, 0, 1}
