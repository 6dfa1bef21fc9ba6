package route

import (
	"slices"

	"tilemix/codec"
)

// Table says how the packets of a client are known, by what was answered to its last offer. It
// is not to be changed once a Router has it.
type Table struct{ Sections []*Section }

// Section is one media section in which the client sends.
type Section struct {
	Mid   string
	Video bool
	// Screen says that it is a screen, or the sound of one.
	Screen bool
	// Formats are what was accepted, by payload type.
	Formats map[uint8]PayloadFormat
	// MidID, StreamID and RepairedID are the numbers of the header extensions by which a packet
	// names its section, its layer, and the layer that it repairs; LevelID and ArrivalID those
	// of the loudness and of the transport-wide number. 0 is none.
	MidID, StreamID, RepairedID, LevelID, ArrivalID uint8
	// RIDs are the layers that the client may send; none is one stream.
	RIDs []string
	// SSRCs are those declared, and Repairs the SSRC of each repair to what it repairs.
	SSRCs   []uint32
	Repairs map[uint32]uint32
}

// PayloadFormat is what packets of one payload type carry.
type PayloadFormat struct {
	Codec   codec.Kind // of a picture; 0 of sound
	Rate    int        // of the clock, in Hz
	NACK    bool       // what is lost is asked for again
	Repair  bool       // it is RTX (RFC 4588)
	Repairs uint8      // the payload type that RTX repairs
	// Parameters are the parameter sets that the offer carried, each a NAL unit.
	Parameters [][]byte
}

// section finds the section of a mid; nil is none.
func (t *Table) section(mid string) *Section {
	for _, s := range t.Sections {
		if s.Mid == mid {
			return s
		}
	}
	return nil
}

// declared finds the section that declares an SSRC, and the one that it repairs; 0 is none.
func (t *Table) declared(ssrc uint32) (s *Section, repairs uint32) {
	for _, s := range t.Sections {
		if of, ok := s.Repairs[ssrc]; ok {
			return s, of
		}
		if slices.Contains(s.SSRCs, ssrc) {
			return s, 0
		}
	}
	return nil, 0
}

// only finds the one section that accepts a payload type; nil is none or several (RFC 9143 §9.2).
func (t *Table) only(pt uint8) (found *Section) {
	for _, s := range t.Sections {
		if _, ok := s.Formats[pt]; !ok {
			continue
		}
		if found != nil {
			return nil
		}
		found = s
	}
	return found
}
