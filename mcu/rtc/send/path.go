package send

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/bandwidth"
	"tilemix/mcu/rtc/reports"
)

const (
	// recorded is how many of the newest packets' times are known: 5 s of them.
	recorded = 1024
	// overhead is what a packet's payload grows by, in bytes: UDP over IPv4, RTP with an
	// extension, SRTP's tag.
	overhead = 28 + 20 + 10
	// unlimited is the rate from which a limit counts as none, in bits a second.
	unlimited = 50_000_000
	// minLimit is the least limit that is believed, in bits a second.
	minLimit = 20_000
)

// Path is the network path to one participant, which its two downlinks share. It numbers
// the packets that leave (draft-holmer-rmcat-transport-wide-cc-extensions-01 §2). From
// the client's reports it estimates what the path carries. It is safe for concurrent use;
// sending takes no lock.
type Path struct {
	send     func([]rtcp.Packet) error
	pacer    *PacketPacer
	counters *Counters
	epoch    time.Time

	number atomic.Uint32
	sent   [recorded]atomic.Uint64 // see record
	bytes  atomic.Uint64

	rate, limit atomic.Int64  // bits a second: the estimate, and the client's REMB
	rtt, queue  atomic.Int64  // ns
	lost        atomic.Uint64 // bits of a float64
	overflow    atomic.Uint64 // the same, of what is lost to a full queue
	twcc        atomic.Bool   // the client reports arrival times

	wish, wished atomic.Int64 // bits a second to probe for, and when that was last asked

	mu        sync.Mutex // each downlink's reports are read by a goroutine
	estimator bandwidth.Estimator
	arrived   []bandwidth.Outcome // scratch
	receiver  receiverClock
	counted   uint64 // bytes at the last reception report
	countedAt time.Duration
}

// NewPath returns a path that has shown no limit. send sends RTCP to the client. All
// times are counted from epoch, which lies in the past.
func NewPath(send func([]rtcp.Packet) error, pacer *PacketPacer, counters *Counters, epoch time.Time) *Path {
	return &Path{send: send, pacer: pacer, counters: counters, epoch: epoch}
}

// since is the time by which the path counts.
func (l *Path) since(now time.Time) time.Duration { return now.Sub(l.epoch) }

// packetRecord is a numbered packet. From the top: its number, its size, whether it is a
// probe, whether it was reported lost, and when it left, in µs modulo 2^33.
type packetRecord uint64

const (
	recordTime  = 1<<33 - 1
	recordLost  = 1 << 33
	recordProbe = 1 << 34
)

func (r packetRecord) number() uint16 { return uint16(r >> 48) }
func (r packetRecord) size() int      { return int(r >> 35 & (1<<13 - 1)) }

// sentAt unfolds the time of a record that is less than two hours old.
func (r packetRecord) sentAt(now time.Duration) time.Duration {
	ago := (uint64(now.Microseconds()) - uint64(r)) & recordTime
	return now - time.Duration(ago)*time.Microsecond
}

// record numbers a packet that leaves now.
func (l *Path) record(now time.Duration, size int, probe bool) uint16 {
	n := l.number.Add(1)
	r := uint64(n)<<48 | uint64(min(size, 1<<13-1))<<35 | uint64(now.Microseconds())&recordTime
	if probe {
		r |= recordProbe
	}
	l.sent[n%recorded].Store(r)
	return uint16(n)
}

// handleArrivals takes a report of arrival times.
func (l *Path) handleArrivals(r reports.RTCP, now time.Duration) {
	report, ok := r.Arrivals()
	if !ok {
		l.counters.InvalidReports.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.receiver.follow(report.Reference, now) {
		l.counters.InvalidReports.Add(1)
		return
	}
	l.arrived = l.arrived[:0]
	report.Each(func(number uint16, came bool, at time.Duration) { l.account(number, came, l.receiver.at+at, now) })
	if len(l.arrived) == 0 {
		return
	}
	l.twcc.Store(true)
	l.estimator.Report(now, l.arrived)
	l.publish()
}

// account looks up a reported packet. A packet that was not sent, or was reported
// before, does not count.
func (l *Path) account(number uint16, came bool, at, now time.Duration) {
	place := &l.sent[number%recorded]
	r := packetRecord(place.Load())
	if r.size() == 0 || r.number() != number || (!came && r&recordLost != 0) {
		return
	}
	mark := uint64(r | recordLost)
	if came {
		mark = 0
	}
	if !place.CompareAndSwap(uint64(r), mark) || r&recordLost != 0 {
		return
	}
	l.arrived = append(l.arrived, bandwidth.Outcome{
		Sent: r.sentAt(now), Arrived: at, Size: r.size(), Lost: !came, Probe: r&recordProbe != 0,
	})
}

// handleLoss takes the loss in a reception report, which is of use only where the client
// reports no arrival times.
func (l *Path) handleLoss(lost float64, now time.Duration) {
	if l.twcc.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	past := now - l.countedAt
	if past < reportInterval/2 {
		return
	}
	bytes := l.bytes.Load()
	sent := float64(bytes-l.counted) * 8 / past.Seconds()
	l.counted, l.countedAt = bytes, now
	l.estimator.Loss(now, lost, int(sent))
	l.publish()
}

func (l *Path) publish() {
	l.rate.Store(int64(l.estimator.Rate()))
	l.queue.Store(int64(l.estimator.Queue()))
	l.lost.Store(math.Float64bits(l.estimator.Lost()))
	l.overflow.Store(math.Float64bits(l.estimator.Overflow()))
}

// handleREMB takes the client's limit, in bits a second. A limit under minLimit counts as
// that, and one over unlimited as none.
func (l *Path) handleREMB(bps float64) {
	if !(bps < unlimited) {
		bps = 0
	} else {
		bps = max(bps, minLimit)
	}
	l.limit.Store(int64(bps))
}

// estimate is what the path carries, in bits a second; 0 while it has shown no limit.
func (l *Path) estimate() int {
	rate, limit := l.rate.Load(), l.limit.Load()
	if l.twcc.Load() || limit == 0 {
		return int(rate)
	}
	if rate == 0 {
		return int(limit)
	}
	return int(min(rate, limit))
}
