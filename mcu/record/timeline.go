package record

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"tilemix/mcu/record/sidecar"
)

// timeline says which participants were present, and has their files. It belongs to one goroutine,
// but for its atomics, which any may read.
type timeline struct {
	dir, id string
	log     *slog.Logger
	changed func() // called after each change of people

	people atomic.Pointer[[]sidecar.Person] // replaced at each change
	zero   atomic.Int64                     // of the time line, on the room's clock, in ns
	lost   atomic.Uint64                    // pieces that were dropped

	present map[string]*participantTracks
	past    []*participantTracks // of participants who came again under the same ID
	begun   bool
}

func newTimeline(dir, id string, changed func(), log *slog.Logger) *timeline {
	l := &timeline{dir: dir, id: id, changed: changed, log: log, present: map[string]*participantTracks{}}
	l.people.Store(&[]sidecar.Person{})
	return l
}

// take takes a piece. It comes from a stranger: a panic ends that participant's tracks alone.
func (l *timeline) take(p *piece) {
	defer func() {
		if what := recover(); what != nil {
			if f := l.present[p.id]; f != nil {
				f.fault(fmt.Errorf("panic: %v", what))
			}
		}
	}()
	if !l.begun {
		l.begun = true
		l.zero.Store(int64(p.at.Arrived))
	}
	f := l.present[p.id]
	switch {
	case p.kind == joined:
		l.join(p, f)
	case f == nil: // has left, or its joined piece was dropped
	case p.kind == left:
		f.Left = l.seconds(p.at.Arrived)
		f.close()
		l.publish()
	case p.kind == picture:
		f.picture(p)
	default:
		f.sound(p)
	}
}

// join puts a participant on the time line, beside the one that had its ID before.
func (l *timeline) join(p *piece, before *participantTracks) {
	if before != nil {
		l.past = append(l.past, before)
	}
	l.present[p.id] = &participantTracks{
		Person: sidecar.Person{ID: p.id, Name: p.name, Joined: l.seconds(p.at.Arrived)},
		line:   l, log: l.log.With("of", p.id), order: len(l.present) + len(l.past),
	}
	l.publish()
}

// close ends all files.
func (l *timeline) close() {
	for _, f := range l.present {
		f.close()
	}
	l.publish()
}

// seconds returns where an instant of the room's clock is on the time line.
func (l *timeline) seconds(at time.Duration) float64 {
	return (at - time.Duration(l.zero.Load())).Seconds()
}

// publish replaces people by those of now.
func (l *timeline) publish() {
	all := slices.Clone(l.past)
	for _, f := range l.present {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *participantTracks) int { return cmp.Compare(a.order, b.order) })
	people := make([]sidecar.Person, len(all))
	for i, f := range all {
		people[i] = f.Person
		people[i].Tracks = slices.Clone(f.Tracks)
	}
	l.people.Store(&people)
	l.changed()
}
