package offer

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// TakesStereo tells whether an fmtp line of Opus asks for two channels (RFC 7587 §6.1). What
// receives without asking can decode them too, but prefers one.
func TakesStereo(fmtp string) bool {
	value, _ := Parameter(fmtp, "stereo")
	return value == "1"
}

// answerChannels says how many channels the server takes, and how many it sends (RFC 7587 §7).
// pion's answer has what the client said of itself.
func answerChannels(m *sdp.MediaDescription, stereo bool) {
	names, lines := formats(m)
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		pt, _, _ := strings.Cut(a.Value, " ")
		return a.Key == "fmtp" && isCodec(names[pt], "opus/48000")
	})
	for _, pt := range m.MediaName.Formats {
		if !isCodec(names[pt], "opus/48000") {
			continue
		}
		if line := channels(lines[pt], stereo); line != "" {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "fmtp", Value: pt + " " + line})
		}
	}
}

// channels returns an fmtp line of the client's as the server's.
func channels(fmtp string, stereo bool) string {
	var line []string
	for p := range strings.SplitSeq(fmtp, ";") {
		key, _, _ := strings.Cut(strings.TrimSpace(p), "=")
		if p = strings.TrimSpace(p); p != "" && !strings.EqualFold(key, "stereo") && !strings.EqualFold(key, "sprop-stereo") {
			line = append(line, p)
		}
	}
	if stereo {
		line = append(line, "stereo=1")
		if TakesStereo(fmtp) {
			line = append(line, "sprop-stereo=1")
		}
	}
	return strings.Join(line, ";")
}
