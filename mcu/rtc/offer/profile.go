package offer

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Baseline is the format that stands for each H.264 in the offer that pion sees.
const Baseline = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"

// h264Mode returns the packetization-mode of an fmtp line; none is mode 0 (RFC 6184 §8.1).
func h264Mode(fmtp string) string {
	mode, ok := Parameter(fmtp, "packetization-mode")
	if !ok || mode == "" {
		return "0"
	}
	return mode
}

// refusesProfile returns why a profile-level-id is refused, or "". The decoder reads baseline,
// main and high, and what of extended is one of the first two (RFC 6184 §8.1, H.264 §A.2).
// An identifier that cannot be read is no reason: the parameter sets decide then.
func refusesProfile(fmtp string) string {
	id, ok := Parameter(fmtp, "profile-level-id")
	if !ok {
		return ""
	}
	idc, flags, ok := readProfile(id)
	if !ok {
		return ""
	}
	switch idc {
	case 0x42, 0x4d, 0x64:
		return ""
	case 0x58:
		if flags&0xc0 != 0 {
			return ""
		}
	}
	return fmt.Sprintf("profile-level-id=%s is %s, which the server cannot decode; it takes baseline (42…), main (4d…) and high (64…)",
		id, profileName(idc))
}

// readProfile reads the first two bytes of an identifier, as far as they are hexadecimal.
func readProfile(id string) (idc, flags byte, ok bool) {
	id = strings.TrimPrefix(strings.ToLower(strings.Trim(id, `"`)), "0x")
	if len(id) < 2 {
		return 0, 0, false
	}
	first, err := hex.DecodeString(id[:2])
	if err != nil {
		return 0, 0, false
	}
	if len(id) >= 4 {
		if second, err := hex.DecodeString(id[2:4]); err == nil {
			flags = second[0]
		}
	}
	return first[0], flags, true
}

func profileName(idc byte) string {
	switch idc {
	case 0x58:
		return "the extended profile"
	case 0x6e:
		return "High 10"
	case 0x7a:
		return "High 4:2:2"
	case 0xf4, 0x2c:
		return "High 4:4:4"
	}
	return fmt.Sprintf("profile %d", idc)
}

// Parameter returns the value of a parameter of an fmtp line, and whether it is there.
func Parameter(fmtp, name string) (value string, ok bool) {
	for p := range strings.SplitSeq(fmtp, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
