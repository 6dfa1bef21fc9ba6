package ingest

import (
	"math"
	"time"

	"tilemix/codec/ticks"
	"tilemix/mcu/rtptime"
)

const (
	// An arrivalModel remembers its fastest packets for modelSpans spans.
	modelSpan  = time.Second
	modelSpans = 10
	// modelJump is how far a timestamp may be off the time of arrival before the
	// stream counts as begun anew, and modelBack how far one may be behind those of
	// packets that were sent before. Pictures that others refer to are less.
	modelJump = 10 * time.Second
	modelBack = time.Second
)

// arrivalModel knows how late the packets of a stream come: their transit, which is arrival
// less timestamp, against the least of the last ten seconds. The zero value is
// ready. It belongs to one goroutine.
type arrivalModel struct {
	started bool
	epoch   time.Time
	seq     uint16        // newest sequence number
	last    uint32        // newest timestamp
	at      time.Duration // and what it stands for, since the first

	spans [modelSpans]time.Duration // the least transit of each span
	span  int                       // now, counted from epoch
	least time.Duration             // of all spans
}

// observe takes a packet's sequence number, timestamp and arrival.
func (p *arrivalModel) observe(seq uint16, timestamp uint32, now time.Time) {
	newer := int16(seq-p.seq) > 0
	back := newer && p.at-p.time(timestamp) > modelBack
	if !p.started || back || p.late(timestamp, now).Abs() > modelJump {
		*p = arrivalModel{started: true, epoch: now, seq: seq, last: timestamp, least: math.MaxInt64}
		for i := range p.spans {
			p.spans[i] = math.MaxInt64
		}
	}
	if newer {
		p.seq = seq
	}
	transit := p.transit(timestamp, now)
	if at := p.time(timestamp); at > p.at {
		p.last, p.at = timestamp, at
	}
	if n := int(now.Sub(p.epoch) / modelSpan); n > p.span {
		p.turn(n)
	}
	i := p.span % modelSpans
	p.spans[i] = min(p.spans[i], transit)
	p.least = min(p.least, transit)
}

// turn moves to span n and forgets the oldest.
func (p *arrivalModel) turn(n int) {
	for range min(n-p.span, modelSpans) {
		p.span++
		p.spans[p.span%modelSpans] = math.MaxInt64
	}
	p.span = n
	p.spans[n%modelSpans] = math.MaxInt64
	p.least = math.MaxInt64
	for _, least := range p.spans {
		p.least = min(p.least, least)
	}
}

// late returns how much later than the fastest a packet came.
func (p *arrivalModel) late(timestamp uint32, now time.Time) time.Duration {
	if p.least == math.MaxInt64 {
		return 0
	}
	return p.transit(timestamp, now) - p.least
}

func (p *arrivalModel) transit(timestamp uint32, now time.Time) time.Duration {
	return now.Sub(p.epoch) - p.time(timestamp)
}

func (p *arrivalModel) time(timestamp uint32) time.Duration {
	return p.at + rtptime.Since(timestamp, p.last, ticks.Video)
}

const (
	// maxBehind is how late packets may be read that had been waiting to be, and minBusy
	// how long none was read that had not.
	maxBehind = 400 * time.Millisecond
	minBusy   = 200 * time.Millisecond
)

// readBacklog finds a camera that is behind because decoding does not keep up: on a
// machine that was busy elsewhere, packets wait unread, and the picture stays late
// until all have been decoded. Packets that the network brings late are something
// else: the reader waits for them. So a burst is decoded, and only if that takes
// long does the camera count as behind. It does until the reader waits again; the
// access units in between are worth no decoding. The zero value is ready.
type readBacklog struct {
	busy   time.Duration // nobody had to wait for packets
	behind bool
}

// observe takes how late a packet was read.
func (l *readBacklog) observe(late time.Duration) {
	l.behind = l.busy >= minBusy && (l.behind || late > maxBehind)
}

const (
	// A lateness remembers two spans.
	latenessSpan = 150 * time.Millisecond
	// maxLateness is how late all pictures of these may be before it is their timestamps that are late,
	// as of a camera that stopped them for a while.
	maxLateness = 80 * time.Millisecond
)

// lateness is the least by which the last pictures came late. The zero value is ready. It belongs to one
// goroutine.
type lateness struct {
	began       time.Time // this span
	now, before time.Duration
}

// jitter takes how late a picture came at an instant, and returns how much of that is jitter.
func (l *lateness) jitter(late time.Duration, at time.Time) time.Duration {
	if at.Sub(l.began) >= latenessSpan {
		l.began, l.before, l.now = at, l.now, late
	}
	l.now = min(l.now, late)
	if least := min(l.now, l.before); least > maxLateness {
		return late - least
	}
	return late
}
