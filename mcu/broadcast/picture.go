package broadcast

import (
	"errors"

	"tilemix/codec/h264"
	"tilemix/mcu/intake"
)

// NAL unit types (H.264 Table 7-1).
const (
	nalSPS = 7
	nalPPS = 8
)

var (
	errNoUnits      = errors.New("access unit without NAL units")
	errNoParameters = errors.New("IDR without parameter sets")
)

// pictureUnits are the NAL units of an access unit. They share its memory.
type pictureUnits struct {
	all      [][]byte
	sps, pps []byte // of an IDR
}

// parse splits an access unit. It fails if the unit is empty, or is an IDR without parameter sets.
func parse(u *intake.Unit) (pictureUnits, error) {
	var p pictureUnits
	for n := range h264.NALs(u.Data) {
		p.all = append(p.all, n)
		switch n[0] & 0x1f {
		case nalSPS:
			p.sps = n
		case nalPPS:
			p.pps = n
		}
	}
	if len(p.all) == 0 {
		return p, errNoUnits
	}
	if u.Key && (p.sps == nil || p.pps == nil) {
		return p, errNoParameters
	}
	return p, nil
}
