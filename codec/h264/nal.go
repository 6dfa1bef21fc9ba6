package h264

import "bytes"

// NAL unit types (H.264 Table 7-1).
const (
	nalSlice     = 1
	nalPartA     = 2 // data partition, extended profile
	nalIDR       = 5
	nalSPS       = 7
	nalPPS       = 8
	nalSubsetSPS = 15
)

// nextNAL cuts the first NAL unit from an Annex B byte stream: nal begins with
// its header byte and rest with the next start code. nal is empty when there is
// none left.
func nextNAL(stream []byte) (nal, rest []byte) {
	_, nal, ok := bytes.Cut(stream, startCode)
	if !ok {
		return nil, nil
	}
	if end := bytes.Index(nal, startCode); end >= 0 {
		return nal[:end], nal[end:]
	}
	return nal, nil
}

// startCode is H.264 Annex B's start_code_prefix_one_3bytes.
var startCode = []byte{0, 0, 1}

// content is what an access unit holds, seen from outside.
type content struct {
	slices bool // any slice at all
	idr    bool // a slice of an IDR picture
	sets   bool // a sequence and a picture parameter set
}

// inspect looks through an access unit. It reads its sequence parameter sets
// into set and returns the error of the first that must not reach the library.
func inspect(au []byte, set *sps) (content, error) {
	var c content
	var seq, pic bool
	for nal, rest := nextNAL(au); ; nal, rest = nextNAL(rest) {
		if len(nal) > 0 {
			switch nal[0] & 0x1f {
			case nalSlice, nalPartA:
				c.slices = true
			case nalIDR:
				c.slices, c.idr = true, true
			case nalSPS, nalSubsetSPS:
				if err := set.parse(nal[1:]); err != nil {
					return c, err
				}
				seq = true
			case nalPPS:
				pic = true
			}
		}
		if rest == nil {
			c.sets = seq && pic
			return c, nil
		}
	}
}
