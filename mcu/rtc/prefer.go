package rtc

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/table"
)

// prefer returns an offer as pion is to see it. Where a picture is offered in the codec that the
// server prefers, the first of codec/table, all other codecs are left out, so that both ends send
// that one. The order of payload types is seldom a client's choice: browsers and aiortc put
// another first, and a client that takes another codec costs the room an encode. The codec of the first
// picture offered stays for the connection's life, because pion keeps to it.
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
		p.picture = chosen(pictures)
	}
	preferred := &table.Videos()[0]
	if p.picture != preferred.Kind {
		return offer
	}
	for _, m := range pictures {
		only(m, preferred)
	}
	out, err := desc.Marshal()
	if err != nil {
		return offer
	}
	return string(out)
}

// chosen returns the first codec of the table that one of the sections has.
func chosen(pictures []*sdp.MediaDescription) codec.Kind {
	for _, v := range table.Videos() {
		for _, m := range pictures {
			if pictureOffered(m) == v.Kind {
				return v.Kind
			}
		}
	}
	return 0
}

// only leaves in a section what the server reads of a codec, and its retransmissions.
// A section without any stays as it is.
func only(m *sdp.MediaDescription, v *table.Video) {
	names, lines := formats(m)
	var keep []string
	for _, pt := range m.MediaName.Formats {
		if isFormat(v, names[pt], lines[pt]) {
			keep = append(keep, pt)
		}
	}
	if len(keep) == 0 {
		return
	}
	for _, pt := range m.MediaName.Formats {
		apt, _ := payload.Parameter(lines[pt], "apt")
		if strings.EqualFold("video/"+strings.TrimSuffix(names[pt], "/90000"), webrtc.MimeTypeRTX) && slices.Contains(keep, apt) {
			keep = append(keep, pt)
		}
	}
	m.MediaName.Formats = keep
}

// isFormat reports whether a payload type's rtpmap and fmtp lines are of a codec, as the server
// reads it.
func isFormat(v *table.Video, rtpmap, fmtp string) bool {
	return strings.EqualFold("video/"+rtpmap, v.MIME+"/90000") && v.Takes(fmtp)
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
