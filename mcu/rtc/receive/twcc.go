package receive

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

const (
	// arrivalInterval is the time between two reports of arrival times.
	arrivalInterval = 100 * time.Millisecond
	// arrivalRing is how many packets may arrive while a report is made. A connection
	// that brings more in that time reports the rest as lost.
	arrivalRing = 1024
)

// Arrivals reports to a sender when its packets arrived, by which a browser finds the
// bandwidth of its path (draft-holmer-rmcat-transport-wide-cc-extensions-01). It sees
// all streams of a connection, retransmissions that only probe included, which no track
// yields. Arriving packets drive it.
//
// A caller puts its packet into a ring. The caller that then finds no other recording records
// what the ring holds. No packet waits for a lock.
type Arrivals struct {
	send  func([]rtcp.Packet) error
	epoch time.Time
	ssrc  atomic.Uint32 // of the last packet

	ring    [arrivalRing]atomic.Uint64 // see arrival; 0: empty
	head    atomic.Uint64              // next place to be taken
	tail    atomic.Uint64              // next place to be recorded
	dropped atomic.Uint64              // packets that found the ring full

	recording atomic.Bool // a caller owns what follows
	recorder  *twcc.Recorder
	told      time.Time
}

// NewArrivals returns the Arrivals of a connection, which reports by send. Its error is ignored,
// and it may keep the packets. Times are counted from epoch, which lies in the past.
func NewArrivals(send func([]rtcp.Packet) error, epoch time.Time) *Arrivals {
	return &Arrivals{send: send, epoch: epoch, recorder: twcc.NewRecorder(rand.Uint32())}
}

// arrival is a packet in the ring: its number, and when it arrived in µs since the
// epoch, plus one.
type arrival uint64

func (a arrival) number() uint16       { return uint16(a >> 48) }
func (a arrival) after() time.Duration { return time.Duration(a&(1<<48-1)-1) * time.Microsecond }

// Packet notes a packet that arrived now and reports if that is due. It is safe for
// concurrent use.
func (a *Arrivals) Packet(ssrc uint32, number uint16, now time.Time) {
	a.ssrc.Store(ssrc)
	after := uint64(max(now.Sub(a.epoch).Microseconds(), 0))
	if !a.put(uint64(number)<<48 | (after+1)&(1<<48-1)) {
		a.dropped.Add(1)
	}
	for a.waiting() && a.recording.CompareAndSwap(false, true) {
		a.record(now)
		a.recording.Store(false)
	}
}

// put puts a packet into the ring. It returns false if there is no room.
func (a *Arrivals) put(packet uint64) bool {
	for {
		tail := a.tail.Load() // before the head, which it must not pass
		at := a.head.Load()
		if at-tail >= arrivalRing {
			if a.tail.Load() != tail {
				continue
			}
			return false
		}
		if a.head.CompareAndSwap(at, at+1) {
			a.ring[at%arrivalRing].Store(packet)
			return true
		}
	}
}

// waiting returns whether the next place of the ring is filled.
func (a *Arrivals) waiting() bool { return a.ring[a.tail.Load()%arrivalRing].Load() != 0 }

// record records what the ring holds, and reports if that is due. Its caller owns the
// recorder.
func (a *Arrivals) record(now time.Time) {
	for {
		at := a.tail.Load()
		packet := a.ring[at%arrivalRing].Swap(0)
		if packet == 0 {
			break
		}
		a.tail.Store(at + 1)
		arrived := a.epoch.Add(arrival(packet).after())
		a.recorder.Record(a.ssrc.Load(), arrival(packet).number(), arrived.UnixMicro())
	}
	if a.send == nil || now.Sub(a.told) < arrivalInterval {
		return
	}
	a.told = now
	if packets := a.recorder.BuildFeedbackPacket(); len(packets) > 0 {
		_ = a.send(packets)
	}
}
