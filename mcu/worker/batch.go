package worker

import (
	"iter"
	"slices"
	"time"
)

// The lanes of a batch.
const (
	common = iota // by the worker that the room's cameras have
	apart         // by one of its own: voices with whose packet in it a worker ended within a minute
	lanes
)

const (
	// perPacket is how much longer a batch waits for each packet that is in it: what one takes at most.
	perPacket = 50 * time.Microsecond
	// mostInstants (4) times Config.Instant is how long a batch waits on a busy machine, and calming (512) is how
	// quickly it forgets that the machine was busy: after so many rounds, which is ten seconds, by two thirds.
	mostInstants, calming = 4, 512
)

// Batch decodes the voices of one room in a worker. In each tick of the room's sound clock it sends all their
// packets at once and waits for Config.Instant, so no worker can hold up the clock. Where answers came late, but
// came, the machine is busy, and it waits for up to four times as long. It belongs to the clock's
// goroutine, but for NewDecoder. A nil Batch decodes nothing, and its Each runs one after the other.
type Batch struct {
	crew     *Crew
	lanes    [lanes]lane
	voices   []*VoiceDecoder // by number
	count    int             // of them
	entries  uint64          // lanes that have taken a place, ever
	deadline time.Time       // of this tick; zero: nothing was sent
	instant  time.Duration   // that a tick waits
	closed   bool

	strands []*strand
	current *strand // that runs; nil: who called Each does
	n, next int     // of what Each calls
	do      func(int)
}

// NewBatch returns a batch without voices. It takes no worker before the first packet.
func (c *Crew) NewBatch() *Batch {
	b := &Batch{crew: c, instant: c.pool.cfg.Instant}
	for i := range b.lanes {
		b.lanes[i] = lane{batch: b, alone: i == apart}
	}
	return b
}

// NewDecoder returns a decoder for one voice, wide where its sender may send stereo and
// [VoiceDecoder.Sides] is to be asked. It is safe for concurrent use.
func (b *Batch) NewDecoder(wide bool) *VoiceDecoder {
	return &VoiceDecoder{batch: b, number: -1, wide: wide}
}

// Each calls f for 0 to n-1. Where f decodes, Each goes on with the next one, and resumes f when the packets of
// all are decoded. So calls overlap, but only one of them runs at a time. What decoders return after one tick's
// time is made up.
func (b *Batch) Each(n int, f func(i int)) {
	if b == nil {
		for i := range n {
			f(i)
		}
		return
	}
	b.begin()
	b.n, b.next, b.do = n, 0, f
	used := 0
	for b.next < n {
		if used == len(b.strands) {
			b.strands = append(b.strands, b.newStrand())
		}
		b.run(b.strands[used])
		used++
	}
	waits := func(s *strand) bool { return s.waits }
	for slices.ContainsFunc(b.strands[:used], waits) {
		b.round()
		for _, s := range b.strands[:used] {
			if s.waits {
				b.run(s)
			}
		}
	}
}

// strand is a coroutine in which a function waits for what it decodes.
type strand struct {
	resume func() (struct{}, bool)
	stop   func()
	pause  func(struct{}) bool
	waits  bool // for a round
}

// newStrand returns one that calls what Each is to call, until all are called.
func (b *Batch) newStrand() *strand {
	s := &strand{}
	s.resume, s.stop = iter.Pull(func(yield func(struct{}) bool) {
		s.pause = yield
		for more := true; more; more = yield(struct{}{}) {
			for b.next < b.n {
				b.next++
				b.do(b.next - 1)
			}
		}
	})
	return s
}

// run lets a strand run until it waits or has nothing to do.
func (b *Batch) run(s *strand) {
	s.waits = false
	b.current = s
	s.resume()
	b.current = nil
}

// wait lets others run until a round is over.
func (b *Batch) wait() {
	s := b.current
	if s == nil {
		b.round()
		return
	}
	s.waits = true
	s.pause(struct{}{})
}

// begin begins a tick.
func (b *Batch) begin() {
	b.deadline = time.Time{}
	for i := range b.lanes {
		b.lanes[i].begin()
	}
}

// round has the workers do what voices have asked for.
func (b *Batch) round() {
	now := time.Now()
	if b.deadline.IsZero() {
		b.deadline = now.Add(b.instant)
	}
	for i := range b.lanes {
		l := &b.lanes[i]
		b.deadline = b.deadline.Add(time.Duration(l.orders) * perPacket)
		l.send(now)
	}
	for i := range b.lanes {
		b.lanes[i].receive(b.deadline)
	}
}

// answered takes note that a worker answered late, or in time.
func (b *Batch) answered(late bool) {
	usual := b.crew.pool.cfg.Instant
	if late {
		b.instant = min(2*b.instant, mostInstants*usual)
	} else {
		b.instant -= (b.instant - usual) / calming
	}
}

// laneOf returns the lane in which a voice is decoded.
func (b *Batch) laneOf(d *VoiceDecoder) *lane {
	if b.current == nil {
		b.begin()
	}
	if len(d.record.fatal) > 0 && d.record.suspected(time.Now()) {
		return &b.lanes[apart]
	}
	return &b.lanes[common]
}

// add gives a voice a number, and tells whether one was left.
func (b *Batch) add(d *VoiceDecoder) bool {
	n := slices.Index(b.voices, nil)
	switch {
	case b.closed || n < 0 && len(b.voices) == mostVoices:
		return false
	case n < 0:
		n = len(b.voices)
		b.voices = append(b.voices, d)
	default:
		b.voices[n] = d
	}
	if d.number, d.entry = n, 0; b.count == 0 {
		b.crew.hold(1)
	}
	b.count++
	return true
}

// remove takes a voice's number. With the last one the workers' places go.
func (b *Batch) remove(d *VoiceDecoder) {
	if d.number < 0 {
		return
	}
	b.voices[d.number] = nil
	d.number = -1
	if b.count--; b.count > 0 {
		return
	}
	b.crew.hold(-1)
	for i := range b.lanes {
		b.lanes[i].leave()
	}
}

// Close ends the decoders, after the last Each. A second Close does nothing.
func (b *Batch) Close() {
	if b == nil || b.closed {
		return
	}
	for _, d := range b.voices {
		if d != nil {
			_ = d.Close()
		}
	}
	for _, s := range b.strands {
		s.stop()
	}
	b.closed, b.strands = true, nil
}
