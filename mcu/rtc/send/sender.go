package send

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu/rtptime"
)

const (
	// pacingFactor is how much faster than the estimate packets leave. So an IDR is no
	// burst and does not wait long either (libwebrtc's pacing factor).
	pacingFactor = 2.5
	// unpacedRate is the estimate from which nothing is paced, in bits a second.
	unpacedRate = 10_000_000
	// narrowFactor is pacingFactor of a path that carries less than narrow bits a second and whose
	// queue drops more than full of its packets. An IDR is most of what such a queue holds: a burst
	// overflows it, and an IDR that is lost is followed by another as large. Where a radio loses
	// packets the usual pace stays, because repairs need it.
	narrowFactor, narrow, full = 1.15, 500_000, 0.02
	// burst is how much leaves at once, in time at the pacing rate.
	burst = 40 * time.Millisecond
	// reportInterval is the time between two sender reports, by the media's clock.
	reportInterval = time.Second
)

// sender sends the units of a downlink's queue, in order, at the pace of the path.
//
// Three goroutines may send: the one that writes the downlink, the pacer, and the reader
// of RTCP, which retransmits. The flag sending decides which one does. A writer that
// finds the flag taken leaves its unit in the queue and never waits, because the owner
// of the flag looks at the queue again after it has let go. Units that the path cannot
// take are dropped as a whole, up to the next key unit.
type sender struct {
	kind    kind
	path    *Path
	binding atomic.Pointer[Binding]
	queue   sendQueue

	packets, bytes, errors atomic.Uint64
	lost                   atomic.Uint64 // bits of a float64, of reception reports
	reports                senderReports

	waiting atomic.Bool // in the pacer
	next    *sender     // there

	sending atomic.Bool // a goroutine owns what follows

	base       uint32 // of timestamps
	handed     bool   // the next unit is another room's
	header     rtp.Header
	ext        [2]byte
	part       int     // payloads of the first unit that were sent
	room       float64 // bytes that may leave
	filled     time.Duration
	reportedAt time.Time // of the media
	rtx        retransmitter
	probe      prober
}

func (s *sender) init(kind kind, path *Path) {
	s.kind, s.path, s.base = kind, path, rand.Uint32()
	s.header = rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}
	s.rtx.header = rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}
}

// post queues a unit and sends what is due. It fails when the path cannot keep up.
func (s *sender) post(p queuedUnit, now time.Duration) bool {
	if !s.queue.fits(p.Size(), p.Key, pacingFactor*float64(s.path.estimate())) {
		s.path.counters.Dropped.Add(1)
		return false
	}
	s.queue.put(p, s.startsAnew(&p))
	s.flush(now)
	return true
}

// flush sends what is due, unless another goroutine does. The pacer sends what is due later.
func (s *sender) flush(now time.Duration) {
	for s.queue.pending() > 0 && s.sending.CompareAndSwap(false, true) {
		done := s.sendPending(now)
		s.sending.Store(false)
		if !done {
			s.path.pacer.add(s)
			return
		}
	}
}

// acquire waits until no other goroutine sends. Clocks may not call it.
func (s *sender) acquire() {
	for !s.sending.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
}

// release lets others send, and sends what was queued meanwhile.
func (s *sender) release(now time.Duration) {
	s.sending.Store(false)
	s.flush(now)
}

// tick is called by the pacer. It returns false when nothing is left to do.
func (s *sender) tick(now time.Duration) bool {
	s.acquire()
	done := s.sendPending(now)
	if s.probe.tick(s, now) {
		done = false
	}
	s.sending.Store(false)
	if !done {
		return true
	}
	s.waiting.Store(false)
	s.flush(now)
	return false
}

// sendPending sends what is due and returns whether that was all.
func (s *sender) sendPending(now time.Duration) bool {
	s.fill(now)
	for p, skipped := s.queue.first(); p != nil; p, skipped = s.queue.first() {
		if p.to == s.binding.Load() && (s.part > 0 || !skipped) {
			if !s.unit(p, now) {
				return false
			}
		} else {
			s.path.counters.Dropped.Add(1)
		}
		s.part = 0
		s.queue.remove()
	}
	return true
}

// unit sends what may leave of a unit and returns whether that was all of it.
func (s *sender) unit(p *queuedUnit, now time.Duration) bool {
	s.begin(p.to)
	if s.handed {
		s.follow(p.Timestamp)
	}
	for ; s.part < len(p.Payloads); s.part++ {
		if s.room <= 0 {
			return false
		}
		if s.part == 0 { // its first packets may be missed before its last have left
			s.rtx.history.keep(p, s.header.SequenceNumber+1)
		}
		s.room -= float64(len(p.Payloads[s.part]) + overhead)
		s.packet(p, s.part, now)
	}
	if p.At.Sub(s.reportedAt) >= reportInterval {
		s.reportedAt = p.At
		s.report(p.At, now)
	}
	if s.startsAnew(p) {
		s.rtx.history.startAnew()
	}
	return true
}

// fill lets more leave as time passes. Sound is not paced.
func (s *sender) fill(now time.Duration) {
	estimate, factor := float64(s.path.estimate()), pacingFactor
	if estimate == 0 || estimate > unpacedRate || s.kind == audio {
		s.room, s.filled = 1<<40, now
		return
	}
	if estimate < narrow && math.Float64frombits(s.path.overflow.Load()) > full {
		factor = narrowFactor
	}
	rate := factor * estimate / 8
	most := max(rate*burst.Seconds(), 2400)
	s.room = min(s.room+rate*max(now-s.filled, 0).Seconds(), most)
	s.filled = max(s.filled, now)
}

// loss is the fraction of packets that was lately lost.
func (s *sender) loss() float64 {
	if s.path.twcc.Load() {
		return math.Float64frombits(s.path.lost.Load())
	}
	return math.Float64frombits(s.lost.Load())
}

// begin makes the header that of a binding.
func (s *sender) begin(to *Binding) {
	if s.header.SSRC == to.SSRC && s.header.PayloadType == to.PayloadType {
		return
	}
	s.header.SSRC, s.header.PayloadType = to.SSRC, to.PayloadType
	s.rtx.history.clear()
}

// follow has a timestamp of another room come after those that were sent. Rooms have one epoch, but
// their clocks do not tick together, and what is replayed is stamped a little before its time.
func (s *sender) follow(timestamp uint32) {
	step := int32(ticks.Video / 1000)
	if s.kind == audio {
		step = pcm.Samples
	}
	if behind := step - int32(s.base+timestamp-s.header.Timestamp); behind > 0 {
		s.base += uint32(behind)
	}
	s.handed = false
}

// packet sends payload i of a unit.
func (s *sender) packet(p *queuedUnit, i int, now time.Duration) {
	s.header.Timestamp = s.base + p.Timestamp
	s.header.Marker = s.marks(i, p.Payloads)
	s.header.SequenceNumber++
	n, ok := s.write(p.to, &s.header, p.Payloads[i], now, false)
	if ok {
		s.packets.Add(1)
		s.bytes.Add(uint64(n))
	}
}

// startsAnew returns whether a receiver that has the unit needs none of those before it.
// Of sound it needs all.
func (s *sender) startsAnew(p *queuedUnit) bool { return p.Key && s.kind == video }

// marks returns whether payload i is the last of a picture (RFC 6184 §5.1).
func (s *sender) marks(i int, payloads [][]byte) bool {
	return s.kind == video && i == len(payloads)-1
}

// write gives a packet its transport-wide number and sends it.
func (s *sender) write(to *Binding, h *rtp.Header, payload []byte, now time.Duration, probe bool) (n int, ok bool) {
	h.Extension, h.Extensions = false, h.Extensions[:0]
	if to.TWCCID != 0 {
		binary.BigEndian.PutUint16(s.ext[:], s.path.record(now, len(payload)+overhead, probe))
		_ = h.SetExtension(to.TWCCID, s.ext[:])
	}
	n, err := to.Writer.WriteRTP(h, payload)
	if err != nil {
		s.errors.Add(1)
		s.path.counters.Errors.Add(1)
		return 0, false
	}
	s.path.bytes.Add(uint64(n))
	return n, true
}

// report sends a sender report about the instant at (RFC 3550 §6.4.1).
func (s *sender) report(at time.Time, now time.Duration) {
	s.reports.add(at, s.path.epoch.Add(now))
	_ = s.path.send([]rtcp.Packet{&rtcp.SenderReport{
		SSRC:        s.header.SSRC,
		NTPTime:     rtptime.NTP(at),
		RTPTime:     s.header.Timestamp,
		PacketCount: uint32(s.packets.Load()),
		OctetCount:  uint32(s.bytes.Load()),
	}})
}
