package record

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"tilemix/mcu/record/sidecar"
)

// timeline says which participants were present, and has their files. It belongs to one goroutine,
// but for its Roster and its atomics, which any may read.
type timeline struct {
	sidecar.Roster
	dir, id string
	log     *slog.Logger
	changed func() // called after each change of people; it must not block

	zero atomic.Int64  // of the time line, on the room's clock, in ns
	lost atomic.Uint64 // pieces that were dropped

	present map[string]*participantTracks
	came    int // participants so far
	begun   bool
}

func newTimeline(dir, id string, changed func(), log *slog.Logger) *timeline {
	return &timeline{dir: dir, id: id, changed: changed, log: log, present: map[string]*participantTracks{}}
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
		l.part(f, p.at.Arrived)
	case p.kind == picture:
		f.picture(p)
	default:
		f.sound(p)
	}
}

// join puts a participant on the time line. One that had its ID before has left.
func (l *timeline) join(p *piece, before *participantTracks) {
	if before != nil {
		l.part(before, p.at.Arrived)
	}
	person := &sidecar.Person{ID: p.id, Name: p.name, Joined: l.seconds(p.at.Arrived)}
	if l.Add(person) {
		l.present[p.id] = &participantTracks{Person: person, line: l, log: l.log.With("of", p.id), order: l.came}
	}
	l.came++
	l.changed()
}

// part ends a participant's part of the time line.
func (l *timeline) part(f *participantTracks, at time.Duration) {
	delete(l.present, f.ID)
	f.close()
	l.Edit(func() { f.Left = l.seconds(at) })
	l.changed()
}

// close ends all files.
func (l *timeline) close() {
	for _, f := range l.present {
		f.close()
	}
	l.changed()
}

// seconds returns where an instant of the room's clock is on the time line.
func (l *timeline) seconds(at time.Duration) float64 {
	return (at - time.Duration(l.zero.Load())).Seconds()
}
