package stats

import "time"

const (
	// seconds (600) and tens (720) are how many samples a Record keeps: 10 min of 1 s, 2 h of 10 s.
	seconds, tens = 600, 720
	// block is by how many samples a ring grows.
	block = 60
	// least is the shortest time that a sample is about: what is read again sooner says nothing.
	least = 200 * time.Millisecond
)

// ring has the newest samples. It grows to its bound by blocks and allocates nothing afterwards.
type ring struct {
	blocks []*[block]Moment
	added  int // ever
	bound  int // in samples, a multiple of block
}

// next returns the place of the next sample.
func (r *ring) next() *Moment {
	at := r.added % r.bound
	r.added++
	if at/block == len(r.blocks) {
		if r.blocks == nil {
			r.blocks = make([]*[block]Moment, 0, r.bound/block)
		}
		r.blocks = append(r.blocks, new([block]Moment))
	}
	return &r.blocks[at/block][at%block]
}

// len returns how many samples there are.
func (r *ring) len() int { return min(r.added, r.bound) }

// back returns the sample that came n samples before the newest.
func (r *ring) back(n int) *Moment {
	at := (r.added - 1 - n) % r.bound
	return &r.blocks[at/block][at%block]
}

// Record is the history of one participant. It belongs to one goroutine, the loop of its room.
type Record struct {
	fine, coarse ring
	last         Reading
	at           time.Time
	begun        time.Time  // the samples' times count from it by the monotonic clock, so that they are in order
	ten          [10]Moment // scratch
}

// NewRecord returns a record of nothing.
func NewRecord() *Record {
	return &Record{fine: ring{bound: seconds}, coarse: ring{bound: tens}}
}

// Add takes a reading, once a second. The first begins the record, and one that comes at once after
// another is left out.
func (r *Record) Add(now time.Time, reading *Reading) {
	past := now.Sub(r.at)
	if !r.at.IsZero() && past < least {
		return
	}
	first := r.at.IsZero()
	before := r.last
	r.last, r.at = *reading, now
	if first {
		r.begun = now
		return
	}
	s := reading.since(&before, past.Seconds())
	s.At = r.begun.UnixMilli() + now.Sub(r.begun).Milliseconds()
	*r.fine.next() = s
	if n := len(r.ten); r.fine.added%n == 0 {
		for i := range r.ten {
			r.ten[i] = *r.fine.back(n - 1 - i)
		}
		*r.coarse.next() = merge(r.ten[:])
	}
}

// Newest returns the last n samples of one second, the oldest first, or those that there are, in
// the memory of into.
func (r *Record) Newest(n int, into []Moment) []Moment {
	n, into = min(n, r.fine.len()), into[:0]
	for i := n - 1; i >= 0; i-- {
		into = append(into, *r.fine.back(i))
	}
	return into
}

// History returns copies of all samples of one second, and of those of ten.
func (r *Record) History() (fine, coarse Series) {
	all := func(g *ring, step time.Duration) Series {
		s := Series{Step: step, Samples: make([]Moment, 0, g.len())}
		for i := g.len() - 1; i >= 0; i-- {
			s.Samples = append(s.Samples, *g.back(i))
		}
		return s
	}
	return all(&r.fine, time.Second), all(&r.coarse, 10*time.Second)
}
