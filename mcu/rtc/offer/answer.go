package offer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"tilemix/mcu/rtc/route"
)

// Answer turns pion's answer into the client's, and returns what the client's streams are
// told apart by. local says that the client may be on this machine, and so reach its loopback.
// It fails with ErrBadSDP when the answer does not fit the offer.
func (o *Offer) Answer(text string, local bool) (answer string, table *route.Table, err error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	if len(desc.MediaDescriptions) != len(o.sections) {
		return "", nil, fmt.Errorf("%w: the answer has %d sections for %d", ErrBadSDP, len(desc.MediaDescriptions), len(o.sections))
	}
	table = &route.Table{}
	for i, m := range desc.MediaDescriptions {
		s := o.sections[i]
		taken := s.wanted && m.MediaName.Port.Value != 0
		if taken && s.isMedia() {
			s.acceptRIDs(m)
			s.restoreFormats(m)
		}
		if taken && s.isMedia() && s.sends {
			table.Sections = append(table.Sections, s.table(m))
		}
		if !s.hadMid {
			m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == "mid" })
		}
		candidates(m, local)
	}
	o.answerGroup(&desc)
	out, err := desc.Marshal()
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	return string(out), table, nil
}

// answerGroup takes out of the answer's groups what the offer did not name (RFC 5888 §9.1).
func (o *Offer) answerGroup(desc *sdp.SessionDescription) {
	var mids []string
	for i, s := range o.sections {
		if s.hadMid && s.wanted && desc.MediaDescriptions[i].MediaName.Port.Value != 0 {
			mids = append(mids, s.mid)
		}
	}
	kept := desc.Attributes[:0]
	for _, a := range desc.Attributes {
		if a.Key == "group" {
			if !o.bundled || len(mids) == 0 {
				continue
			}
			a.Value = "BUNDLE " + strings.Join(mids, " ")
		}
		kept = append(kept, a)
	}
	desc.Attributes = kept
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
