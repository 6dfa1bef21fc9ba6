package rtc

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
)

// prefer returns an offer as pion is to see it. Where a picture is offered in an
// H.264 that we can speak, all else is left out, so that both ends send that: the
// order of payload types is seldom a client's wish (browsers and aiortc begin with
// VP8), and who takes VP8 costs the room an encode of his own. What the first
// picture offered has decides for the connection's life, since pion keeps to it.
func (p *Peer) prefer(offer string) string {
	var desc sdp.SessionDescription
	if desc.UnmarshalString(offer) != nil {
		return offer
	}
	var pictures []*sdp.MediaDescription
	for _, m := range desc.MediaDescriptions {
		if m.MediaName.Media == "video" && !unwanted(m) {
			pictures = append(pictures, m)
		}
	}
	if len(pictures) == 0 {
		return offer
	}
	if p.picture == 0 {
		p.picture = codec.VP8
		if slices.ContainsFunc(pictures, offersH264) {
			p.picture = codec.H264
		}
	}
	if p.picture != codec.H264 {
		return offer
	}
	for _, m := range pictures {
		onlyH264(m)
	}
	out, err := desc.Marshal()
	if err != nil {
		return offer
	}
	return string(out)
}

// onlyH264 leaves in a section what we can speak of H.264, and its retransmissions.
// A section without any stays as it is.
func onlyH264(m *sdp.MediaDescription) {
	names, lines := formats(m)
	var keep []string
	for _, pt := range m.MediaName.Formats {
		if strings.EqualFold(names[pt], "H264/90000") && takesH264(lines[pt]) {
			keep = append(keep, pt)
		}
	}
	if len(keep) == 0 {
		return
	}
	for _, pt := range m.MediaName.Formats {
		apt, _ := parameter(lines[pt], "apt")
		if strings.EqualFold("video/"+strings.TrimSuffix(names[pt], "/90000"), webrtc.MimeTypeRTX) && slices.Contains(keep, apt) {
			keep = append(keep, pt)
		}
	}
	m.MediaName.Formats = keep
}

// formats returns the codecs and the fmtp lines of a media section by payload type.
func formats(m *sdp.MediaDescription) (names, lines map[string]string) {
	names, lines = map[string]string{}, map[string]string{}
	for _, a := range m.Attributes {
		pt, value, ok := strings.Cut(a.Value, " ")
		switch {
		case ok && a.Key == "rtpmap":
			names[pt] = value
		case ok && a.Key == "fmtp":
			lines[pt] = value
		}
	}
	return names, lines
}
