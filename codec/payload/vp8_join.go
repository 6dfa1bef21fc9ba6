package payload

// VP8Joiner joins the payloads of one VP8 frame (RFC 7741 §4.2). The zero
// value is ready.
type VP8Joiner struct {
	au     []byte
	needed bool // another frame may need this one
}

// Reset begins an access unit and keeps the memory of the one before.
func (d *VP8Joiner) Reset() { d.au, d.needed = d.au[:0], false }

// Unit returns the access unit, which is valid until Reset.
func (d *VP8Joiner) Unit() []byte { return d.au }

// Spare tells whether the sender said of the whole frame that no other refers to it
// (N).
func (d *VP8Joiner) Spare() bool { return !d.needed }

// Key tells whether decoding can begin with the frame (RFC 6386 §9.1).
func (d *VP8Joiner) Key() bool { return len(d.au) > 0 && d.au[0]&1 == 0 }

// Add appends what one payload has of the frame. It returns false for one without
// any, or where the frame does not begin with its beginning.
func (d *VP8Joiner) Add(payload []byte) bool {
	p, ok := parseVP8(payload)
	if !ok || p.begins && len(d.au) > 0 || !p.begins && len(d.au) == 0 {
		return false
	}
	d.needed = d.needed || !p.spare
	d.au = append(d.au, p.data...)
	return true
}

// Whole tells whether the frame has something in it. Where it ends, nothing in it
// tells.
func (d *VP8Joiner) Whole() bool { return len(d.au) > 0 }

// Starts reports whether a payload can be the first of an access unit.
func (d *VP8Joiner) Starts(payload []byte) bool {
	p, ok := parseVP8(payload)
	return ok && p.begins
}

// vp8Payload is one RTP payload.
type vp8Payload struct {
	begins, spare bool
	data          []byte
}

// parseVP8 reads the payload descriptor, which may have a PictureID (I), a number
// of the base layer (L), and a byte of layer and key frame numbers (T, K). It returns
// false where nothing is behind it.
func parseVP8(b []byte) (p vp8Payload, ok bool) {
	const (
		extended, spare, start, partition = 0x80, 0x20, 0x10, 0x0f
		picture, base, layer, keys        = 0x80, 0x40, 0x20, 0x10
		long                              = 0x80 // of a PictureID
	)
	if len(b) < 2 {
		return p, false
	}
	// Partition 0 begins where the frame does.
	p.begins, p.spare = b[0]&start != 0 && b[0]&partition == 0, b[0]&spare != 0
	n := 1
	if b[0]&extended != 0 {
		flags := b[1]
		n = 2
		if flags&picture != 0 {
			if n < len(b) && b[n]&long != 0 {
				n++
			}
			n++
		}
		if flags&base != 0 {
			n++
		}
		if flags&(layer|keys) != 0 {
			n++
		}
	}
	if n >= len(b) {
		return p, false
	}
	p.data = b[n:]
	return p, true
}

// Continues tells whether a payload goes on with the frame of the last unit, as it does where a
// sender marks each packet as a frame's last.
func (d *VP8Joiner) Continues(payload []byte) bool { return !d.Starts(payload) }
