package payload

import (
	"encoding/hex"
	"strings"
)

// registered are the profile-level-ids that are registered with pion, in order of preference:
// constrained baseline, which is what the encoder writes, then baseline, main and high, which the
// decoder reads too. pion compares them byte by byte, so each usual spelling of a profile stands
// here; for the rest pion takes any H.264 where none is registered.
var registered = []string{"42e01f", "42c01f", "42001f", "4d001f", "4d401f", "64001f", "640c1f"}

// H264Formats returns the fmtp lines of H.264 that are registered, the preferred first.
func H264Formats() []string {
	lines := make([]string, len(registered))
	for i, profile := range registered {
		lines[i] = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile
	}
	return lines
}

// profiles are those of RFC 6184 table 5 that the decoder reads, and constrained high, which is
// younger than the table.
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

// TakesH264 reports whether the decoder and H264Joiner read an H.264 with the parameters of an fmtp
// line. Without a profile it is baseline, without a packetization-mode it is
// in mode 0 (RFC 6184 §8.1), which has no room for slices longer than a packet.
func TakesH264(fmtp string) bool {
	if mode, _ := Parameter(fmtp, "packetization-mode"); mode != "1" {
		return false
	}
	id, ok := Parameter(fmtp, "profile-level-id")
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

// Parameter returns the value of a parameter of an fmtp line. Names are alike in any case.
func Parameter(fmtp, name string) (value string, ok bool) {
	for p := range strings.SplitSeq(fmtp, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
