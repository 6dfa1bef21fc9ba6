package rtc

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/bandwidth"
)

const (
	// numbered is how many of the newest packets' times are known: 5 s of them.
	numbered = 1024
	// overhead is what a packet's payload grows by on its way: UDP over IPv4, RTP
	// with an extension, SRTP's tag.
	overhead = 28 + 20 + 10
	// unlimited is the rate beyond which a limit is none, in bits a second.
	unlimited = 50_000_000
)

// line is what leads to one participant, for both his downlinks: it numbers what
// leaves (draft-holmer-rmcat-transport-wide-cc-extensions-01 §2), and learns from
// his reports what the line bears. It is safe for concurrent use; sending takes no
// lock.
type line struct {
	send   func([]rtcp.Packet) error
	wheel  *wheel
	counts *counts // of all lines
	epoch  time.Time

	number atomic.Uint32
	sent   [numbered]atomic.Uint64 // see record
	bytes  atomic.Uint64

	rate, limit atomic.Int64  // bits a second; the estimate, and what REMB says
	rtt, queue  atomic.Int64  // ns
	lost        atomic.Uint64 // bits of a float64
	numbers     atomic.Bool   // reports of numbered packets come

	wish, wished atomic.Int64 // bits a second to probe for, and when that was last asked

	mu        sync.Mutex // the downlinks' reports are read by a goroutine each
	estimator bandwidth.Estimator
	packets   []bandwidth.Packet
	heard     receiverClock
	counted   uint64 // bytes at the last reception report
	countedAt time.Duration
}

func newLine(send func([]rtcp.Packet) error, w *wheel, c *counts) *line {
	return &line{send: send, wheel: w, counts: c, epoch: time.Now()}
}

// record is a numbered packet: from the top its number, its size, whether it is a
// probe, whether it was reported lost, and when it left, in µs modulo 2^33.
type record uint64

const (
	recordTime  = 1<<33 - 1
	recordLost  = 1 << 33
	recordProbe = 1 << 34
)

func (r record) number() uint16 { return uint16(r >> 48) }
func (r record) size() int      { return int(r >> 35 & (1<<13 - 1)) }

// sentAt unfolds the time of a record no older than two hours.
func (r record) sentAt(now time.Duration) time.Duration {
	ago := (uint64(now.Microseconds()) - uint64(r)) & recordTime
	return now - time.Duration(ago)*time.Microsecond
}

// next numbers a packet that leaves now.
func (l *line) next(now time.Duration, size int, probe bool) uint16 {
	n := l.number.Add(1)
	r := uint64(n)<<48 | uint64(min(size, 1<<13-1))<<35 | uint64(now.Microseconds())&recordTime
	if probe {
		r |= recordProbe
	}
	l.sent[n%numbered].Store(r)
	return uint16(n)
}

// now is the time by which the line counts.
func (l *line) now() time.Duration { return time.Since(l.epoch) }

// arrivals takes a report of arrival times.
func (l *line) arrivals(body []byte, now time.Duration) {
	report, ok := parseTransport(body)
	if !ok {
		l.counts.absurd.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.heard.tell(report.reference, now) {
		l.counts.absurd.Add(1)
		return
	}
	l.packets = l.packets[:0]
	report.each(func(number uint16, came bool, at time.Duration) { l.take(number, came, l.heard.at+at, now) })
	if len(l.packets) == 0 {
		return
	}
	l.numbers.Store(true)
	l.estimator.Report(now, l.packets)
	l.publish()
}

// take looks up a packet that was reported. Nobody can report one twice, or one
// that was not sent.
func (l *line) take(number uint16, came bool, at, now time.Duration) {
	place := &l.sent[number%numbered]
	r := record(place.Load())
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
	l.packets = append(l.packets, bandwidth.Packet{
		Sent: r.sentAt(now), Arrived: at, Size: r.size(), Lost: !came, Probe: r&recordProbe != 0,
	})
}

// reported takes the loss that a reception report tells of, where there is nothing
// better.
func (l *line) reported(lost float64, now time.Duration) {
	if l.numbers.Load() {
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

func (l *line) publish() {
	l.rate.Store(int64(l.estimator.Rate()))
	l.queue.Store(int64(l.estimator.Queue()))
	l.lost.Store(math.Float64bits(l.estimator.Lost()))
}

// limited takes a REMB. Those that ask for next to nothing or for everything are
// taken for what is possible.
func (l *line) limited(bps float64) {
	if !(bps < unlimited) {
		bps = 0
	} else {
		bps = max(bps, 20_000)
	}
	l.limit.Store(int64(bps))
}

// estimate is what the line bears, in bits a second; 0 while it has shown no limit.
func (l *line) estimate() int {
	rate, limit := l.rate.Load(), l.limit.Load()
	if l.numbers.Load() || limit == 0 {
		return int(rate)
	}
	if rate == 0 {
		return int(limit)
	}
	return int(min(rate, limit))
}
