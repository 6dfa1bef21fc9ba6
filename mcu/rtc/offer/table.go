package offer

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"tilemix/codec"
	"tilemix/mcu/rtc/route"
)

// Header extensions by which packets say what they are of (RFC 9143 §15, RFC 8852 §3) and how
// loud they are (RFC 6464).
const (
	uriMid      = "urn:ietf:params:rtp-hdrext:sdes:mid"
	uriStreamID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	uriRepaired = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	uriLevel    = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
)

// table says how the packets of a section are known, by what the answer m accepts.
func (s *section) table(m *sdp.MediaDescription) *route.Section {
	ids := extensions(m)
	out := &route.Section{
		Mid: s.mid, Video: s.kind == "video", Formats: map[uint8]route.Format{},
		MidID: ids[uriMid], StreamID: ids[uriStreamID], RepairedID: ids[uriRepaired],
		LevelID: ids[uriLevel], ArrivalID: ids[sdp.TransportCCURI],
		RIDs: s.rids, SSRCs: s.ssrcs, Repairs: s.repairs,
	}
	if len(s.rids) > 0 {
		out.SSRCs = nil
	}
	names, lines := formats(m)
	for _, pt := range m.MediaName.Formats {
		n, err := strconv.ParseUint(pt, 10, 7)
		if err != nil {
			continue
		}
		f := route.Format{NACK: hasFeedback(m, pt, "nack")}
		switch name := names[pt]; {
		case isCodec(name, "opus/48000"):
			f.Rate = 48000
		case isCodec(name, "h264/90000"):
			f.Codec, f.Rate, f.Parameters = codec.H264, 90000, parameterSets(s.fmtp[pt])
		case isCodec(name, "vp8/90000"):
			f.Codec, f.Rate = codec.VP8, 90000
		case isCodec(name, "rtx/"):
			apt, _ := Parameter(lines[pt], "apt")
			of, err := strconv.ParseUint(apt, 10, 7)
			if err != nil {
				continue
			}
			f.Repairs, f.Repair = uint8(of), true
		default:
			continue
		}
		out.Formats[uint8(n)] = f
	}
	return out
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

// parameterSets returns the H.264 parameter sets that an offer carries (RFC 6184 §8.1), each a
// NAL unit. What cannot be read is left out.
func parameterSets(fmtp string) (sets [][]byte) {
	value, _ := Parameter(fmtp, "sprop-parameter-sets")
	for one := range strings.SplitSeq(value, ",") {
		if nal, err := base64.StdEncoding.DecodeString(one); err == nil && len(nal) > 0 {
			sets = append(sets, nal)
		}
	}
	return sets
}
