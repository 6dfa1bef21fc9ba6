package broadcast

import (
	"errors"

	mpeg "github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"tilemix/codec/h264"
	"tilemix/mcu/intake"
)

var (
	errNoUnits      = errors.New("access unit without NAL units")
	errNoParameters = errors.New("IDR without parameter sets")
)

// pictureUnits are the NAL units of an access unit, valid as long as that is.
type pictureUnits struct {
	all      [][]byte
	sps, pps []byte // of an IDR
}

// parse splits an access unit. An IDR has its parameter sets with it.
func parse(u *intake.Unit) (pictureUnits, error) {
	var p pictureUnits
	for n := range h264.NALs(u.Data) {
		p.all = append(p.all, n)
		switch mpeg.NALUType(n[0] & 0x1f) {
		case mpeg.NALUTypeSPS:
			p.sps = n
		case mpeg.NALUTypePPS:
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
