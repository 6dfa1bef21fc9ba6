package rtc

import (
	"encoding/hex"
	"strings"

	"github.com/pion/sdp/v3"
)

// h264Profiles are the profile-level-ids that are registered with pion, in order
// of preference: constrained baseline, which is what we send, baseline, main and
// high, which our decoder reads too. pion compares them byte by byte, so what is
// one profile stands here in each of its usual spellings; for the rest pion takes
// any H.264 where none is registered.
var h264Profiles = []string{"42e01f", "42c01f", "42001f", "4d001f", "4d401f", "64001f", "640c1f"}

// profiles are those of RFC 6184 table 5 that our decoder reads, and constrained
// high, which came later.
var profiles = []struct{ idc, mask, iop byte }{
	{0x42, 0x4f, 0x40}, // constrained baseline, three times
	{0x4d, 0x8f, 0x80},
	{0x58, 0xcf, 0xc0},
	{0x42, 0x4f, 0x00}, // baseline, twice
	{0x58, 0xcf, 0x80},
	{0x4d, 0xaf, 0x00}, // main
	{0x64, 0xff, 0x00}, // high
	{0x64, 0xff, 0x0c}, // constrained high
}

// takesH264 tells whether an H.264 with the parameters of an fmtp line is one that
// we can speak. Without a profile it is baseline, without a packetization-mode it is
// in mode 0 (RFC 6184 §8.1), which has no room for slices longer than a packet.
func takesH264(fmtp string) bool {
	if mode, _ := parameter(fmtp, "packetization-mode"); mode != "1" {
		return false
	}
	id, ok := parameter(fmtp, "profile-level-id")
	if !ok {
		return true
	}
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != 3 {
		return false
	}
	for _, p := range profiles {
		if b[0] == p.idc && b[1]&p.mask == p.iop {
			return true
		}
	}
	return false
}

// parameter returns the value of a parameter of an fmtp line.
func parameter(fmtp, name string) (value string, ok bool) {
	for p := range strings.SplitSeq(fmtp, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// offersH264 tells whether a media section has an H.264 that we can speak.
func offersH264(m *sdp.MediaDescription) bool {
	names, lines := formats(m)
	for _, pt := range m.MediaName.Formats {
		if strings.EqualFold(names[pt], "H264/90000") && takesH264(lines[pt]) {
			return true
		}
	}
	return false
}
