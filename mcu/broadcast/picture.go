package broadcast

import (
	"errors"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"tilemix/mcu/intake"
)

var errNoParameters = errors.New("IDR without parameter sets")

// pictureUnits are the NAL units of an access unit, valid as long as that is.
type pictureUnits struct {
	all      [][]byte
	sps, pps []byte // of an IDR
}

// parse splits an access unit. An IDR has its parameter sets with it.
func parse(u *intake.Unit) (pictureUnits, error) {
	var p pictureUnits
	var nalus h264.AnnexB
	if err := nalus.Unmarshal(u.Data); err != nil {
		return p, err
	}
	p.all = nalus
	for _, n := range nalus {
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS:
			p.sps = n
		case h264.NALUTypePPS:
			p.pps = n
		}
	}
	if u.Key && (p.sps == nil || p.pps == nil) {
		return p, errNoParameters
	}
	return p, nil
}
