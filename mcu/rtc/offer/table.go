package offer

import (
	"encoding/base64"
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
		Mid: s.mid, Video: s.kind == "video", Screen: s.screen, Formats: map[uint8]route.PayloadFormat{},
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
		f := route.PayloadFormat{NACK: hasFeedback(m, pt, "nack")}
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

// acceptRIDs takes the layers that can be told apart (RFC 8853 §5.3.2). An answer without
// them has the client send one stream.
func (s *section) acceptRIDs(m *sdp.MediaDescription) {
	if ids := extensions(m); ids[uriStreamID] == 0 || ids[uriMid] == 0 || !s.sends {
		s.rids = nil
	}
	if len(s.rids) == 0 {
		return
	}
	for _, id := range s.rids {
		m.Attributes = append(m.Attributes, sdp.Attribute{Key: "rid", Value: id + " recv"})
	}
	m.Attributes = append(m.Attributes, sdp.Attribute{Key: "simulcast", Value: "recv " + strings.Join(s.rids, ";")})
}

// restoreFormats gives each H.264 the parameters that the client gave it, but for its
// parameter sets, which are the client's own.
func (s *section) restoreFormats(m *sdp.MediaDescription) {
	names, _ := formats(m)
	kept := m.Attributes[:0]
	for _, a := range m.Attributes {
		if pt, _, _ := strings.Cut(a.Value, " "); a.Key == "fmtp" && isCodec(names[pt], "h264/90000") {
			a.Value = pt + " " + ownFormat(s.fmtp[pt])
		}
		kept = append(kept, a)
	}
	m.Attributes = kept
}

func ownFormat(fmtp string) string {
	out := []string{"level-asymmetry-allowed=1", "packetization-mode=" + h264Mode(fmtp)}
	if id, ok := Parameter(fmtp, "profile-level-id"); ok {
		out = append(out, "profile-level-id="+id)
	}
	return strings.Join(out, ";")
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
