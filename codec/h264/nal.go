package h264

import (
	"bytes"
	"iter"
)

// NAL unit types (H.264 Table 7-1).
const (
	nalSlice     = 1
	nalPartA     = 2 // data partition, extended profile
	nalIDR       = 5
	nalSPS       = 7
	nalPPS       = 8
	nalSubsetSPS = 15
)

// startCode is H.264 Annex B's start_code_prefix_one_3bytes.
var startCode = []byte{0, 0, 1}

// NALs yields the NAL units of an Annex B byte stream (H.264 §B.1), each from its header byte
// on. Zeros before a start code belong to the start code, and empty units are left out. The
// units point into au.
func NALs(au []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { eachNAL(au, yield) }
}

// eachNAL is apart from NALs so that the compiler keeps a caller's loop on the stack.
func eachNAL(au []byte, yield func([]byte) bool) {
	at := bytes.Index(au, startCode)
	for at >= 0 {
		au = au[at+len(startCode):]
		at = bytes.Index(au, startCode)
		nal := au
		if at >= 0 {
			nal = au[:at]
		}
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 && !yield(nal) {
			return
		}
	}
}

// IsIDR reports whether decoding can begin with an access unit in Annex B: whether one of its
// NAL units is a slice of an IDR picture.
func IsIDR(au []byte) bool {
	for nal := range NALs(au) {
		if nal[0]&0x1f == nalIDR {
			return true
		}
	}
	return false
}
