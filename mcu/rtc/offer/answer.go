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
			answerChannels(m, o.Stereo)
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
