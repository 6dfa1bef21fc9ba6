package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"tilemix/codec"
)

// section is one media section of an offer, as the client wrote it.
type section struct {
	media    *sdp.MediaDescription
	kind     string            // "audio", "video", or what is not ours
	mid      string            // as pion sees it
	hadMid   bool              // the client named it
	wanted   bool              // its port is not 0
	sends    bool              // the client sends
	receives bool              // the client receives
	screen   bool              // what the client sends is a screen, or the sound of one
	rids     []string          // that the client sends
	ssrcs    []uint32          // of its first stream, in the order of the lines
	repairs  map[uint32]uint32 // the SSRC of a repair to the one that it repairs
	fmtp     map[string]string // the client's own lines, by payload type
}

// media tells whether the section is sound or a picture.
func (s *section) isMedia() bool { return s.kind == "audio" || s.kind == "video" }

func readSection(desc *sdp.SessionDescription, m *sdp.MediaDescription, index int) *section {
	s := &section{media: m, kind: m.MediaName.Media, repairs: map[uint32]uint32{}}
	s.wanted = m.MediaName.Port.Value != 0 || has(m, "bundle-only") // RFC 9143 §6
	s.mid, s.hadMid = m.Attribute("mid")
	if s.mid == "" {
		s.mid, s.hadMid = fmt.Sprint("section", index), false
	}
	direction := directionOf(desc, m)
	s.sends = direction == "sendrecv" || direction == "sendonly"
	s.receives = direction == "sendrecv" || direction == "recvonly"
	_, s.fmtp = formats(m)
	s.readRIDs()
	s.readSSRCs()
	return s
}

// slides tells whether the section says that it is a screen (RFC 4796 §5).
func (s *section) slides() bool {
	value, _ := s.media.Attribute("content")
	for one := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.TrimSpace(one), "slides") {
			return true
		}
	}
	return false
}

// maxRIDs is how many layers of a picture an answer takes.
const maxRIDs = 3

// readRIDs finds the layers that the client sends, at most three (RFC 8853 §5.2).
func (s *section) readRIDs() {
	for _, a := range s.media.Attributes {
		id, rest, _ := strings.Cut(a.Value, " ")
		if a.Key == "rid" && (rest == "send" || strings.HasPrefix(rest, "send ")) && len(s.rids) < maxRIDs && s.kind == "video" {
			s.rids = append(s.rids, id)
		}
	}
}

// readSSRCs finds the first stream that the section declares, and what repairs it
// (RFC 5576 §4). Of several streams the others stay unused, but their repairs are known.
func (s *section) readSSRCs() {
	for _, a := range s.media.Attributes {
		if a.Key != "ssrc-group" {
			continue
		}
		fields := strings.Fields(a.Value)
		if len(fields) == 3 && fields[0] == "FID" {
			s.repairs[number(fields[2])] = number(fields[1])
		}
		if len(fields) > 1 && fields[0] == "SIM" && len(s.ssrcs) == 0 {
			s.ssrcs = []uint32{number(fields[1])}
		}
	}
	for _, a := range s.media.Attributes {
		if a.Key != "ssrc" || len(s.ssrcs) > 0 {
			continue
		}
		id, _, _ := strings.Cut(a.Value, " ")
		if _, repair := s.repairs[number(id)]; !repair {
			s.ssrcs = []uint32{number(id)}
		}
	}
}

// speaks tells why a section has no codec that is taken, or nil, and keeps those that are.
func (s *section) speaks() error {
	names, lines := formats(s.media)
	if s.kind == "audio" {
		for _, pt := range s.media.MediaName.Formats {
			if isCodec(names[pt], "opus/48000") {
				return nil
			}
		}
		return fmt.Errorf("%w: the audio offered has %s, and the server takes opus/48000/2", ErrNoCodec, listed(names))
	}
	reason := ""
	for _, pt := range s.media.MediaName.Formats {
		switch name := names[pt]; {
		case isCodec(name, "vp8/90000"):
			return nil
		case isCodec(name, "h264/90000"):
			why := s.refuses(lines[pt])
			if why == "" {
				return nil
			}
			if reason == "" {
				reason = why
			}
		}
	}
	if reason == "" {
		reason = "the video offered has " + listed(names) + ", and the server takes H264/90000 and VP8/90000"
	}
	return fmt.Errorf("%w: %s", ErrNoCodec, reason)
}

// refuses tells why an H.264 is not taken, or "". A client that receives has to take fragments.
func (s *section) refuses(fmtp string) string {
	mode := h264Mode(fmtp)
	switch {
	case mode == "1" || mode == "0" && !s.receives:
	case mode == "0":
		return "packetization-mode=0 (also where none is named) cannot carry the server's pictures;" +
			" the server takes packetization-mode=1, or mode 0 from a client that is a=sendonly"
	default:
		return "packetization-mode=" + mode + " is not taken; the server takes packetization-mode=1"
	}
	return refusesProfile(fmtp)
}

// keepCodec leaves in a video section the codec that both ends are to use, with its
// retransmissions: H.264 where there is one that is taken, mode 1 before mode 0.
func (s *section) keepCodec(h264 bool) {
	names, lines := formats(s.media)
	take := func(codec, mode string) (kept []string) {
		for _, pt := range s.media.MediaName.Formats {
			if isCodec(names[pt], codec) && (codec != "h264/90000" || h264Mode(lines[pt]) == mode && s.refuses(lines[pt]) == "") {
				kept = append(kept, pt)
			}
		}
		return kept
	}
	keep := []string(nil)
	if h264 {
		keep = take("h264/90000", "1")
	}
	if len(keep) == 0 {
		keep = take("vp8/90000", "")
	}
	if len(keep) == 0 && h264 {
		keep = take("h264/90000", "0")
	}
	if len(keep) == 0 {
		return
	}
	for _, pt := range s.media.MediaName.Formats {
		apt, _ := Parameter(lines[pt], "apt")
		if isCodec(names[pt], "rtx/90000") && slices.Contains(keep, apt) {
			keep = append(keep, pt)
		}
	}
	s.media.MediaName.Formats = keep
}

// offersH264 tells whether a section has an H.264 that goes before VP8.
func (s *section) offersH264() bool {
	names, lines := formats(s.media)
	vp8 := false
	for _, pt := range s.media.MediaName.Formats {
		if isCodec(names[pt], "h264/90000") && h264Mode(lines[pt]) == "1" && s.refuses(lines[pt]) == "" {
			return true
		}
		vp8 = vp8 || isCodec(names[pt], "vp8/90000")
	}
	return !vp8
}

// simplify makes of a section what pion takes.
func (s *section) simplify(picture codec.Kind) {
	m := s.media
	if s.kind == "video" && s.wanted {
		s.keepCodec(picture == codec.H264)
	}
	names, _ := formats(m)
	kept := m.Attributes[:0]
	for _, a := range m.Attributes {
		switch a.Key {
		case "ssrc", "ssrc-group", "rid", "simulcast", "mid":
			continue
		case "fmtp":
			pt, _, _ := strings.Cut(a.Value, " ")
			if isCodec(names[pt], "h264/90000") {
				continue
			}
		}
		kept = append(kept, a)
	}
	m.Attributes = append(kept, sdp.Attribute{Key: "mid", Value: s.mid})
	for _, pt := range m.MediaName.Formats {
		if isCodec(names[pt], "h264/90000") {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "fmtp", Value: pt + " " + Baseline})
		}
	}
}
