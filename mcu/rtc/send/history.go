package send

import "tilemix/mcu/packet"

// historyUnits is how many units can be retransmitted: 2 s of pictures at 30 a second,
// and 1.3 s of sound.
const historyUnits = 64

// history is the units that lately left. It copies no payloads but shares the
// units' buffers. It belongs to the owner of the sender.
type history struct {
	units  [historyUnits]sentUnit
	newest int
	turn   int // of the payload that the next probe takes
}

// sentUnit is a unit of which packets have left.
type sentUnit struct {
	buffer     *packet.PayloadBuffer
	first      uint16 // sequence number
	timestamp  uint32
	startsAnew bool // no receiver needs the units before it
}

// keep retains a unit whose first packet has the number first.
func (h *history) keep(p *queuedUnit, first uint16) {
	h.newest = (h.newest + 1) % historyUnits
	u := &h.units[h.newest]
	if u.buffer != nil {
		u.buffer.Release()
	}
	p.Buffer.Retain()
	*u = sentUnit{p.Buffer, first, p.Timestamp, false}
}

// startAnew says that the newest unit has left as a whole, and that no receiver needs those
// before it.
func (h *history) startAnew() { h.units[h.newest].startsAnew = true }

// clear releases all units.
func (h *history) clear() {
	for i := range h.units {
		if b := h.units[i].buffer; b != nil {
			b.Release()
		}
		h.units[i] = sentUnit{}
	}
}

// find returns a packet that was sent since the last key unit of a picture, as its unit
// and payload, or nil.
func (h *history) find(seq uint16) (u *sentUnit, i int) {
	for back := range historyUnits {
		u := &h.units[(h.newest-back+historyUnits)%historyUnits]
		if u.buffer == nil {
			return nil, 0
		}
		if i := int(seq - u.first); seq-u.first < 1<<15 && i < len(u.buffer.Payloads()) {
			return u, i
		}
		if u.startsAnew {
			return nil, 0
		}
	}
	return nil, 0
}

// any returns a unit that begins with a long payload, each time another, or nil.
func (h *history) any() *sentUnit {
	const enough = 500 // bytes
	var long *sentUnit
	longest := 0
	for range historyUnits {
		h.turn++
		u := &h.units[h.turn%historyUnits]
		if u.buffer == nil || len(u.buffer.Payloads()) == 0 {
			continue
		}
		n := len(u.buffer.Payloads()[0])
		if n >= enough {
			return u
		}
		if n > longest {
			long, longest = u, n
		}
	}
	return long
}
