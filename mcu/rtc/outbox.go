package rtc

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	// pendingUnits is how many access units wait for a narrow line.
	pendingUnits = 64
	// pace is how much faster than the estimate packets leave, so that an IDR is
	// no burst and does not wait long either (libwebrtc's pacing factor).
	pace = 2.5
	// wide is the estimate from which nothing is paced, in bits a second.
	wide = 10_000_000
	// depth is how much leaves at once, in time at the pace.
	depth = 40 * time.Millisecond
	// longest is how much may wait, in time at the pace.
	longest = time.Second
)

// outbox sends what its downlink is given, in order, at the pace of the line. Who
// posts puts a parcel into a ring; whoever then finds nobody sending sends what is
// due: the clock that posted, the wheel, or the reader of a NACK. So the clock
// never waits for the others. What does not fit the line is dropped, whole access
// units up to the next key one.
type outbox struct {
	ring       [pendingUnits]parcel
	head, tail atomic.Uint32 // next to be posted, by the poster; next to be sent
	queued     atomic.Int64  // bytes
	held       atomic.Uint64 // parcels that the line could not take
	skip       atomic.Uint32 // what is before it in the ring is not to be begun
	sending    atomic.Bool   // somebody owns what follows

	header rtp.Header
	ext    [2]byte
	part   int     // payloads of the first parcel that were sent
	room   float64 // bytes that may leave
	filled time.Duration
	told   time.Time
	repeat repeater
	probe  prober
}

// parcel is an access unit on its way.
type parcel struct {
	Packets
	out *outlet
}

func (o *outbox) pending() int { return int(o.head.Load() - o.tail.Load()) }

// post takes a parcel and sends what is due. It fails when the line cannot keep up.
func (d *Downlink) post(p parcel) bool {
	size := p.size()
	if !d.fits(size, p.Key) {
		d.held.Add(1)
		d.line.counts.held.Add(1)
		return false
	}
	if d.starts(&p) {
		d.skip.Store(d.head.Load())
	}
	at := d.head.Load()
	d.ring[at%pendingUnits] = p
	p.Unit.Retain()
	d.queued.Add(size)
	d.head.Store(at + 1)
	d.flush()
	return true
}

// fits tells whether a parcel may wait behind those that do. A key one need not.
func (d *Downlink) fits(size int64, key bool) bool {
	waits, rate := d.queued.Load(), pace*float64(d.line.estimate())
	if waits == 0 || d.pending() == pendingUnits {
		return waits == 0
	}
	return key || rate == 0 || float64(waits+size)*8 <= rate*longest.Seconds()
}

func (p *parcel) size() (n int64) {
	for _, b := range p.Payloads {
		n += int64(len(b))
	}
	return n
}

// flush sends what is due, unless somebody does; what is not due the wheel will.
func (d *Downlink) flush() {
	for d.pending() > 0 && d.sending.CompareAndSwap(false, true) {
		done := d.sendPending(d.line.now())
		d.sending.Store(false)
		if !done {
			d.line.wheel.add(d)
			return
		}
	}
}

// own waits until nobody sends. It is not for clocks.
func (o *outbox) own() {
	for !o.sending.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
}

// disown lets others send, and sends what was posted meanwhile.
func (d *Downlink) disown() {
	d.sending.Store(false)
	d.flush()
}

// turn is the wheel's. It returns false when nothing is left to do.
func (d *Downlink) turn() bool {
	d.own()
	now := d.line.now()
	done := d.sendPending(now)
	if d.tryLine(now) {
		done = false
	}
	d.sending.Store(false)
	if !done {
		return true
	}
	d.waiting.Store(false)
	d.flush()
	return false
}

// sendPending sends what is due and returns whether that was all.
func (d *Downlink) sendPending(now time.Duration) bool {
	d.fill(now)
	for d.tail.Load() != d.head.Load() {
		at := d.tail.Load()
		p := &d.ring[at%pendingUnits]
		skipped := d.part == 0 && int32(d.skip.Load()-at) > 0
		if p.out == d.out.Load() && !skipped {
			d.begin(p.out)
			for ; d.part < len(p.Payloads); d.part++ {
				if d.room <= 0 {
					return false
				}
				if d.part == 0 { // its first packets may be missed before its last have left
					d.repeat.keep(p, d.header.SequenceNumber+1)
				}
				d.room -= float64(len(p.Payloads[d.part]) + overhead)
				d.packet(p, d.part, now)
			}
			d.sent(p)
			if d.starts(p) {
				d.repeat.began()
			}
		} else {
			d.line.counts.held.Add(1)
		}
		d.part = 0
		d.queued.Add(-p.size())
		p.Unit.Release()
		*p = parcel{}
		d.tail.Store(at + 1)
	}
	return true
}

// fill lets more leave as time passes. Sound leaves at once.
func (d *Downlink) fill(now time.Duration) {
	rate := pace * float64(d.line.estimate()) / 8
	if rate == 0 || rate > pace*wide/8 || d.kind == webrtc.RTPCodecTypeAudio {
		d.room, d.filled = 1<<40, now
		return
	}
	most := max(rate*depth.Seconds(), 2400)
	d.room = min(d.room+rate*(now-d.filled).Seconds(), most)
	d.filled = now
}

// begin makes the header that of an outlet.
func (d *Downlink) begin(out *outlet) {
	if d.header.SSRC == out.ssrc && d.header.PayloadType == out.pt {
		return
	}
	d.header.SSRC, d.header.PayloadType = out.ssrc, out.pt
	d.repeat.clear()
}

// packet sends a payload of a parcel.
func (d *Downlink) packet(p *parcel, i int, now time.Duration) {
	d.header.Timestamp = d.base + p.Timestamp
	d.header.Marker = d.marks(i, p.Payloads)
	d.header.SequenceNumber++
	n, ok := d.write(p.out, &d.header, p.Payloads[i], now, false)
	if ok {
		d.packets.Add(1)
		d.bytes.Add(uint64(n))
	}
}

// starts tells whether a receiver can begin with a parcel, and then needs none of those
// before it: sound he needs all.
func (d *Downlink) starts(p *parcel) bool { return p.Key && d.kind == webrtc.RTPCodecTypeVideo }

// marks tells whether payload i is the last of a picture (RFC 6184 §5.1).
func (d *Downlink) marks(i int, payloads [][]byte) bool {
	return d.kind == webrtc.RTPCodecTypeVideo && i == len(payloads)-1
}

// write numbers a packet and sends it.
func (d *Downlink) write(out *outlet, h *rtp.Header, payload []byte, now time.Duration, probe bool) (n int, ok bool) {
	h.Extension, h.Extensions = false, h.Extensions[:0]
	if out.numberID != 0 {
		binary.BigEndian.PutUint16(d.ext[:], d.line.next(now, len(payload)+overhead, probe))
		_ = h.SetExtension(out.numberID, d.ext[:])
	}
	n, err := out.writer.WriteRTP(h, payload)
	if err != nil {
		d.errors.Add(1)
		d.line.counts.errors.Add(1)
		return 0, false
	}
	d.line.bytes.Add(uint64(n))
	return n, true
}

// sent is told of each parcel that has left, and sends a sender report when that
// is due.
func (d *Downlink) sent(p *parcel) {
	if p.At.Sub(d.told) >= reportInterval {
		d.told = p.At
		d.report(p.At)
	}
}
