package pool

import (
	"slices"
	"sync/atomic"
	"time"

	"tilemix/mcu/views"
)

const (
	// Linger (5 s) is how long a view stays after the last viewer that wished it, so that a viewer
	// that changes its mind costs nothing.
	Linger = 5 * time.Second
	// rest (10 s) is how long a strained room takes no further view.
	rest = 10 * time.Second
)

// Result is what became of a wish.
type Result uint8

// The outcomes.
const (
	Granted Result = iota // the viewer has what it wants
	Refused               // there is no view more: the viewer keeps what it has
	Fallen                // the view is taken away: the viewer has the room's
)

// Want is what one viewer wants to see and has. Choose changes Has, View and Result.
type Want struct {
	Key    views.ViewKey
	Has    views.ViewKey // before and after
	View   int           // index of the view in Chooser.Keys
	Result Result
}

// Chooser decides which views one room has. It belongs to the room's loop, but for what a Allotment does
// with it.
type Chooser struct {
	allotment *Allotment
	shed      func()          // has the loop call Choose soon
	owed      atomic.Int32    // views that are to be given back
	live      []live          // the room's own first
	keys      []views.ViewKey // of live
	until     time.Time       // the room takes no further view until then
}

// live is a view that a room has.
type live struct {
	key    views.ViewKey
	wanted int       // by how many viewers
	last   time.Time // when there last was one that wants or keeps it
}

// NewChooser returns the pool of a room that has only its own view. Shed is called when Choose is to be
// called soon, by any goroutine. It must not block.
func NewChooser(q *Allotment, shed func()) *Chooser {
	return &Chooser{allotment: q, shed: shed, live: []live{{}}, keys: []views.ViewKey{{}}}
}

// owe has the room give a view back.
func (p *Chooser) owe() {
	p.owed.Add(1)
	p.shed()
}

// Strain takes note that the room's clock is late: the view with the fewest viewers goes, and none is
// added for some time. It belongs to the loop, which calls Choose afterwards.
func (p *Chooser) Strain(now time.Time) {
	if p.until = now.Add(rest); len(p.live) > 1 {
		p.owed.Add(1)
	}
}

// Keys returns the views, the room's own first, until the next call of Choose.
func (p *Chooser) Keys() []views.ViewKey { return p.keys }

// May tells whether a viewer more could have a view, as far as is known now.
func (p *Chooser) May(k views.ViewKey, now time.Time) bool {
	return p.find(k) != nil || !now.Before(p.until) && p.allotment.has(p)
}

// Choose decides which views there are by what all viewers want, and which each viewer has. The time
// again is when to call it next although no wish changed, zero for never.
func (p *Chooser) Choose(all []Want, now time.Time) (again time.Time) {
	p.count(all, now)
	p.pay(now)
	for i := range all {
		p.serve(all, &all[i], now)
	}
	p.rejoin(all)
	p.keys = p.keys[:0]
	for i := range p.live {
		l := &p.live[i]
		p.keys = append(p.keys, l.key)
		if end := l.last.Add(Linger); i > 0 && l.wanted == 0 && (again.IsZero() || end.Before(again)) {
			again = end
		}
	}
	for i := range all {
		if all[i].View = slices.Index(p.keys, all[i].Has); all[i].View < 0 {
			all[i].View, all[i].Has = 0, views.ViewKey{}
		}
	}
	return again
}

// count counts who wants each view.
func (p *Chooser) count(all []Want, now time.Time) {
	for i := range p.live {
		p.live[i].wanted = 0
	}
	for i := range all {
		if l := p.find(all[i].Key); l != nil {
			l.wanted++
			l.last = now
		}
	}
}

// find returns the view of a key, nil where there is none.
func (p *Chooser) find(k views.ViewKey) *live {
	for i := range p.live {
		if p.live[i].key == k {
			return &p.live[i]
		}
	}
	return nil
}

// pay ends views that have lingered, and gives back what is owed: those with the fewest viewers.
func (p *Chooser) pay(now time.Time) {
	for i := len(p.live) - 1; i > 0; i-- {
		if l := &p.live[i]; l.wanted == 0 && now.Sub(l.last) >= Linger {
			p.end(i)
			p.settle()
		}
	}
	for p.settle() {
		if i := p.least(); i > 0 {
			p.end(i)
		}
	}
}

// settle counts one view less that is owed, and returns false where none is. Another room may ask
// for one meanwhile.
func (p *Chooser) settle() bool {
	for n := p.owed.Load(); n > 0; n = p.owed.Load() {
		if p.owed.CompareAndSwap(n, n-1) {
			return true
		}
	}
	return false
}

// least returns the index of the view with the fewest viewers, the newest of several; 0: there is
// only the room's own.
func (p *Chooser) least() int {
	at := 0
	for i := 1; i < len(p.live); i++ {
		if at == 0 || p.live[i].wanted <= p.live[at].wanted {
			at = i
		}
	}
	return at
}

func (p *Chooser) end(i int) {
	p.live = slices.Delete(p.live, i, i+1)
	p.allotment.give(p)
}

// serve gives one viewer of all what it wants, if it may be.
func (p *Chooser) serve(all []Want, w *Want, now time.Time) {
	w.Result = Granted
	switch {
	case p.find(w.Key) != nil:
		w.Has = w.Key
	case w.Has == w.Key:
		w.Has, w.Result = views.ViewKey{}, Fallen
	case now.Before(p.until):
		w.Result = Refused
	case p.allotment.take(p) || p.replace(all, w.Key):
		p.live = append(p.live, live{key: w.Key, wanted: 1, last: now})
		w.Has = w.Key
	default:
		w.Result = Refused
	}
	if l := p.find(w.Has); w.Result == Refused && l != nil {
		l.wanted++ // the viewer keeps it
		l.last = now
	}
}

// rejoin gives viewers that were refused a view what began for another one after them.
func (p *Chooser) rejoin(all []Want) {
	for i := range all {
		w := &all[i]
		l := p.find(w.Key)
		if w.Result != Refused || l == nil {
			continue
		}
		if kept := p.find(w.Has); kept != nil {
			kept.wanted--
		}
		l.wanted++
		w.Has, w.Result = w.Key, Granted
	}
}

// replace ends a view that nobody wants or keeps, so that one of another key has its place. Viewers
// that will have that one, or one that there is, do not keep theirs.
func (p *Chooser) replace(all []Want, k views.ViewKey) bool {
	i := slices.IndexFunc(p.live, func(l live) bool {
		return l.key != (views.ViewKey{}) && l.wanted == 0 && !slices.ContainsFunc(all, func(w Want) bool {
			return w.Has == l.key && w.Key != k && p.find(w.Key) == nil
		})
	})
	if i < 0 {
		return false
	}
	p.end(i)
	return p.allotment.take(p)
}

// Close gives all views back.
func (p *Chooser) Close() {
	for len(p.live) > 1 {
		p.end(len(p.live) - 1)
	}
}
