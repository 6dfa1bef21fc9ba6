package h264

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
	for nal := range NALs(au) {
		switch nal[0] & 0x1f {
		case nalSlice, nalPartA:
			c.slices = true
		case nalIDR:
			c.slices, c.idr = true, true
		case nalSPS, nalSubsetSPS:
			if err := set.parse(nal); err != nil {
				return c, err
			}
			seq = true
		case nalPPS:
			pic = true
		}
	}
	c.sets = seq && pic
	return c, nil
}
