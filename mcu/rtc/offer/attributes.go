package offer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// number reads a decimal number; what is none is 0.
func number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// directionOf returns a section's direction. A section without one has the session's
// (RFC 8866 §6.7).
func directionOf(desc *sdp.SessionDescription, m *sdp.MediaDescription) string {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, desc.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case "sendrecv", "sendonly", "recvonly", "inactive":
				return a.Key
			}
		}
	}
	return "sendrecv"
}

// isCodec tells whether an rtpmap line names a codec, in lower case.
func isCodec(rtpmap, name string) bool { return strings.HasPrefix(strings.ToLower(rtpmap), name) }

// listed names the codecs of a section, in their order by payload type.
func listed(names map[string]string) string {
	var all []string
	for _, name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		return "no codec"
	}
	return strings.Join(all, ", ")
}

// formats returns the codecs and the fmtp lines of a media section by payload type.
func formats(m *sdp.MediaDescription) (names, lines map[string]string) {
	names, lines = map[string]string{}, map[string]string{}
	for _, a := range m.Attributes {
		pt, value, ok := strings.Cut(a.Value, " ")
		switch {
		case ok && a.Key == "rtpmap":
			names[pt] = strings.TrimSpace(value)
		case ok && a.Key == "fmtp":
			lines[pt] = value
		}
	}
	return names, lines
}

func has(m *sdp.MediaDescription, attribute string) bool {
	_, ok := m.Attribute(attribute)
	return ok
}

// extensions returns the numbers of the header extensions that a section accepts.
func extensions(m *sdp.MediaDescription) map[string]uint8 {
	ids := map[string]uint8{}
	for _, a := range m.Attributes {
		if a.Key != "extmap" {
			continue
		}
		fields := strings.Fields(a.Value)
		if len(fields) < 2 {
			continue
		}
		id, _, _ := strings.Cut(fields[0], "/")
		if n, err := strconv.ParseUint(id, 10, 8); err == nil {
			ids[fields[1]] = uint8(n)
		}
	}
	return ids
}

func hasFeedback(m *sdp.MediaDescription, pt, kind string) bool {
	return slices.ContainsFunc(m.Attributes, func(a sdp.Attribute) bool {
		return a.Key == "rtcp-fb" && (a.Value == pt+" "+kind || a.Value == "* "+kind)
	})
}
