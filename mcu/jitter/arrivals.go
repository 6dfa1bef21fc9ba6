package jitter

import "math"

// All in samples.
const (
	// span is how much time one entry of the window covers. The latest packet of an entry
	// stands for all: a burst is one event, not as many as it has packets.
	span   = 40 * ms
	window = 10_000 * ms
	places = window / span

	bin       = 5 * ms
	maxTarget = 240 * ms
	bins      = maxTarget / bin
	// quantile is the share of entries, in per cent, whose latest packet is in time.
	quantile = 97

	// decay is how quickly a single late packet is forgotten: 50 ms a second.
	decay = span / 20
	// A timeline that is off by farRight, or by more than maxTarget for
	// farLong without a packet in time, is a new one.
	farRight = 5_000 * ms
	farLong  = 1_000 * ms
)

// arrivals is how late packets came in the last ten seconds. A packet's transit
// is its time of arrival less its timestamp: only differences mean something.
type arrivals struct {
	ring   [places]arrival
	count  int // entries made, ever
	base   int64
	target int64
	peak   int64 // lateness of a single packet, decaying
	inTime int64 // when a packet last was not stalled
}

// arrival is one entry of the window.
type arrival struct {
	time     int64 // it covers span from here
	min, max int64 // transit of the fastest and of the latest packet
}

func (a *arrivals) reset() { a.count = 0 }

// observe takes the timestamp of a packet that came at now.
func (a *arrivals) observe(at, now int64) {
	transit := now - at
	if a.moved(transit, now) {
		a.reset()
	}
	if a.count == 0 {
		a.base = transit
		a.peak = 0
		a.inTime = now
	}
	a.base = min(a.base, transit)
	late := transit - a.base
	if late <= maxTarget {
		a.inTime = now
		a.peak = max(a.peak, late)
	}
	if e := a.last(); a.count > 0 && now < e.time+span {
		e.min = min(e.min, transit)
		e.max = max(e.max, transit)
		a.target = max(a.target, a.peak)
		return
	}
	a.count++
	*a.last() = arrival{now, transit, transit}
	a.peak = max(a.peak-decay, 0)
	a.measure(now)
}

// moved reports whether the timeline is another one than before.
func (a *arrivals) moved(transit, now int64) bool {
	if a.count == 0 {
		return false
	}
	late := transit - a.base
	return late > farRight || late < -farRight || late > maxTarget && now-a.inTime > farLong
}

func (a *arrivals) last() *arrival {
	return &a.ring[(a.count+places-1)%places]
}

// measure works base and target out of the window.
func (a *arrivals) measure(now int64) {
	a.base = math.MaxInt64
	for i := range min(a.count, places) {
		if e := &a.ring[i]; now-e.time < window {
			a.base = min(a.base, e.min)
		}
	}
	var histogram [bins]int
	total := 0
	for i := range min(a.count, places) {
		e := &a.ring[i]
		if late := e.max - a.base; now-e.time < window && late < maxTarget {
			histogram[late/bin]++
			total++
		}
	}
	a.target = max(percentile(&histogram, total), a.peak)
}

// percentile returns the upper edge of the bin up to which quantile per cent of total
// are.
func percentile(histogram *[bins]int, total int) int64 {
	within := 0
	for i, n := range histogram {
		within += n
		if within*100 >= total*quantile {
			return int64(i+1) * bin
		}
	}
	return maxTarget
}
