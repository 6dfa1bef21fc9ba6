package payload

import "encoding/binary"

// NAL unit types of RTP payloads (RFC 6184 §5.2).
const (
	sliceType = 1
	idrType   = 5
	spsType   = 7
	ppsType   = 8
	stapA     = 24
	fuA       = 28
)

// H264Joiner joins payloads to Annex B. The zero value is ready.
type H264Joiner struct {
	au       []byte
	fragment bool // inside a fragmented NAL unit
	needed   bool // another access unit may need this one
	slices   bool // it has a slice
	idr      bool // one of an IDR picture
	sets     bool // it has a parameter set
}

// Reset begins an access unit and keeps the memory of the one before.
func (d *H264Joiner) Reset() {
	*d = H264Joiner{au: d.au[:0]}
}

// Unit returns the access unit, which is valid until Reset.
func (d *H264Joiner) Unit() []byte { return d.au }

// Spare tells whether no other access unit needs this one: it has no slice that
// others refer to (nal_ref_idc, H.264 §7.4.1) and no parameter set.
func (d *H264Joiner) Spare() bool { return !d.needed }

// Key reports whether the unit has a slice of an IDR picture.
func (d *H264Joiner) Key() bool { return d.idr }

// Sets reports whether the unit has a parameter set.
func (d *H264Joiner) Sets() bool { return d.sets }

// Continues tells whether a payload goes on with the picture of the last unit, as it does where a
// sender marks each NAL unit as a picture's last: by a slice that is not a picture's first, or
// because the last unit has no slice.
func (d *H264Joiner) Continues(payload []byte) bool {
	if !d.slices {
		return true
	}
	if len(payload) > 0 && payload[0]&0x1f == stapA && len(payload) > 3 {
		payload = payload[3:]
	}
	if len(payload) < 3 {
		return false
	}
	kind, first := payload[0]&0x1f, payload[1]
	if kind == fuA {
		if payload[1]&0x80 == 0 {
			return true
		}
		kind, first = payload[1]&0x1f, payload[2]
	}
	return (kind == sliceType || kind == idrType) && first&0x80 == 0 // first_mb_in_slice (H.264 §7.3.3)
}

// begin begins a NAL unit.
func (d *H264Joiner) begin(header byte) {
	switch header & 0x1f {
	case idrType:
		d.idr, d.slices = true, true
	case sliceType:
		d.slices = true
	case spsType, ppsType:
		d.sets = true
	}
	d.needed = d.needed || header&0x60 != 0
	d.au = append(d.au, 0, 0, 0, 1, header)
}

// Add appends the NAL units of one payload. It returns false for what is not
// Whole or not of packetization mode 1 (RFC 6184 §6.3).
func (d *H264Joiner) Add(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	switch t := payload[0] & 0x1f; {
	case t == fuA:
		return d.addFragment(payload)
	case d.fragment || t == 0:
		return false
	case t < stapA:
		d.addNAL(payload)
		return true
	case t == stapA:
		return d.addAggregate(payload[1:])
	default:
		return false
	}
}

// Whole tells whether the access unit has something in it and ends where a NAL
// Unit ends.
func (d *H264Joiner) Whole() bool { return len(d.au) > 0 && !d.fragment }

func (d *H264Joiner) addNAL(nal []byte) {
	d.begin(nal[0])
	d.au = append(d.au, nal[1:]...)
}

// addAggregate takes a STAP-A's units (RFC 6184 §5.7.1).
func (d *H264Joiner) addAggregate(units []byte) bool {
	for len(units) > 0 {
		if len(units) < 2 {
			return false
		}
		n := int(binary.BigEndian.Uint16(units))
		if n == 0 || n > len(units)-2 {
			return false
		}
		d.addNAL(units[2 : 2+n])
		units = units[2+n:]
	}
	return true
}

// addFragment takes a FU-A (RFC 6184 §5.8).
func (d *H264Joiner) addFragment(payload []byte) bool {
	const start, end = 0x80, 0x40
	if len(payload) < 2 {
		return false
	}
	header := payload[1]
	if header&start != 0 {
		if d.fragment {
			return false
		}
		d.fragment = true
		d.begin(payload[0]&0xe0 | header&0x1f)
	}
	if !d.fragment {
		return false
	}
	d.au = append(d.au, payload[2:]...)
	d.fragment = header&end == 0
	return true
}

// Starts reports whether a payload can be the first of an access unit.
func (d *H264Joiner) Starts(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	return payload[0]&0x1f != fuA || payload[1]&0x80 != 0
}
