package rtc

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	// keptUnits is how many access units can be repeated: 2 s of them at 30 a
	// second, and 1.3 s of sound.
	keptUnits = 64
	// maxLost is how many packets of one NACK are looked at.
	maxLost = 256
	// repeatShare is what repeats may take of the estimate, besides repeatFloor
	// bits a second; repeatFree is what they may take where there is none. Where packets
	// are lost without waiting in queues, of which there is less than repeatQueue, what
	// is lost may be repeated too, up to mostRepeated of the estimate.
	repeatShare, repeatFloor, repeatFree = 0.2, 16_000, 1_000_000
	mostRepeated, repeatQueue            = 0.5, 80 * time.Millisecond
	// repeatSound is what repeats of sound may take, in bits a second.
	repeatSound = 24_000
	// repeatAgain is the least time between two repeats of a packet; where the
	// round trip is known and longer, three quarters of that: it is measured with what
	// the receiver was late.
	repeatAgain = 20 * time.Millisecond
	// repeatTries is how often one is repeated at most.
	repeatTries = 6
)

// repeater knows what was sent of late, and sends it again on request (RFC 4585
// §6.2.1), as a stream of its own where that was negotiated (RFC 4588). It keeps
// no payloads but shares the units. It belongs to whoever sends.
type repeater struct {
	kept   [keptUnits]keptUnit
	newest int
	times  [maxLost]repeated // by sequence number
	header rtp.Header
	buf    [1500]byte
	room   float64 // bytes that repeats may take
	filled time.Duration
	turn   int // of what probes repeat
}

type keptUnit struct {
	unit      *Unit
	first     uint16
	timestamp uint32
	began     bool // with it: nobody needs those before it any more
}

type repeated struct {
	seq   uint16
	tries uint8
	at    time.Duration
}

// keep keeps a parcel whose first packet is first.
func (r *repeater) keep(p *parcel, first uint16) {
	r.newest = (r.newest + 1) % keptUnits
	k := &r.kept[r.newest]
	if k.unit != nil {
		k.unit.Release()
	}
	p.Unit.Retain()
	*k = keptUnit{p.Unit, first, p.Timestamp, false}
}

// began says that what was kept last has left as a whole, and that a receiver can begin
// with it.
func (r *repeater) began() { r.kept[r.newest].began = true }

func (r *repeater) clear() {
	for i := range r.kept {
		if u := r.kept[i].unit; u != nil {
			u.Release()
		}
		r.kept[i] = keptUnit{}
	}
}

// find returns a packet that was sent since the last key access unit of a picture.
func (r *repeater) find(seq uint16) (k *keptUnit, i int) {
	for back := range keptUnits {
		k := &r.kept[(r.newest-back+keptUnits)%keptUnits]
		if k.unit == nil {
			return nil, 0
		}
		if i := int(seq - k.first); seq-k.first < 1<<15 && i < len(k.unit.payloads) {
			return k, i
		}
		if k.began {
			return nil, 0
		}
	}
	return nil, 0
}

// lostPackets answers a NACK.
func (d *Downlink) lostPackets(body []byte) {
	out := d.out.Load()
	if out == nil || len(body) < 8 {
		return
	}
	if of := binary.BigEndian.Uint32(body[4:]); of != out.ssrc { // a compound comes to all whom it names
		return
	}
	d.own()
	defer d.disown()
	now := d.line.now()
	d.refill(now)
	if eachLost(body, maxLost, func(seq uint16) { d.again(out, seq, now) }) {
		d.line.counts.absurd.Add(1)
	}
}

// again repeats a packet, unless it was just repeated or too much was.
func (d *Downlink) again(out *outlet, seq uint16, now time.Duration) {
	k, i := d.repeat.find(seq)
	last := &d.repeat.times[seq%maxLost]
	if last.seq != seq {
		*last = repeated{seq: seq}
	}
	wait := max(time.Duration(d.line.rtt.Load())*3/4, repeatAgain)
	if k == nil || int16(seq-d.header.SequenceNumber) > 0 || d.header.SSRC != out.ssrc || d.repeat.room <= 0 ||
		last.tries == repeatTries || last.tries > 0 && now-last.at < wait {
		d.line.counts.refused.Add(1)
		return
	}
	last.tries, last.at = last.tries+1, now
	d.repeat.room -= float64(len(k.unit.payloads[i]) + overhead)
	d.line.counts.repeats.Add(1)
	d.resend(out, k, i, now, false)
}

// refill lets more repeats leave as time passes, half a second's at most.
func (d *Downlink) refill(now time.Duration) {
	share := repeatShare
	if time.Duration(d.line.queue.Load()) < repeatQueue {
		share = min(share+d.Loss(), mostRepeated)
	}
	rate := repeatFloor + share*float64(d.line.estimate())
	if d.line.estimate() == 0 {
		rate = repeatFree
	}
	if d.kind == webrtc.RTPCodecTypeAudio {
		rate = repeatSound
	}
	r := &d.repeat
	past := min(now-r.filled, 500*time.Millisecond)
	if r.filled == 0 {
		past = 500 * time.Millisecond
	}
	r.room, r.filled = min(r.room+rate/8*past.Seconds(), max(rate/16, 2400)), now
}

// resend sends payload i of a unit again.
func (d *Downlink) resend(out *outlet, k *keptUnit, i int, now time.Duration, probe bool) {
	h, payload, seq := &d.repeat.header, k.unit.payloads[i], k.first+uint16(i)
	h.Timestamp = d.base + k.timestamp
	h.Marker = d.marks(i, k.unit.payloads)
	if out.repeatSSRC == 0 {
		plain := *h
		plain.SSRC, plain.PayloadType, plain.SequenceNumber = out.ssrc, out.pt, seq
		d.write(out, &plain, payload, now, probe)
		h.Extensions = plain.Extensions // its memory
		return
	}
	if len(payload)+2 > len(d.repeat.buf) {
		return
	}
	binary.BigEndian.PutUint16(d.repeat.buf[:], seq)
	n := copy(d.repeat.buf[2:], payload)
	h.SSRC, h.PayloadType = out.repeatSSRC, out.repeatPT
	h.SequenceNumber++
	d.write(out, h, d.repeat.buf[:n+2], now, probe)
}

// forget lets go of what was kept, when the track has ended.
func (d *Downlink) forget() {
	d.own()
	d.repeat.clear()
	d.disown()
}
