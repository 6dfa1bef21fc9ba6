package room

import "sync"

// whereabouts say in which room a participant is, and as which member. All that is done in a
// participant's name goes through them, so that it is done by the loop of the room that has the
// participant then: what comes while the participant moves waits until it has arrived. They are
// safe for concurrent use. The zero value is of a participant that is nowhere yet.
type whereabouts struct {
	mu      sync.Mutex
	member  *member
	to      *Room           // that it moves to; nil: it does not move
	waiting []func(*member) // in order, while it moves
}

// now returns the member that the participant is. While it moves, that is what it was.
func (w *whereabouts) now() *member {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.member
}

// room returns the room that has the participant, or will have it.
func (w *whereabouts) room() *Room {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to != nil {
		return w.to
	}
	return w.member.loop.room
}

// holds has f wait if the participant moves, and else returns the member that it is.
func (w *whereabouts) holds(f func(*member)) (m *member, held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to != nil {
		w.waiting = append(w.waiting, f)
	}
	return w.member, w.to != nil
}

// post has the loop of the participant's room run f, soon. It returns false when the room has
// ended.
func (w *whereabouts) post(f func(*member)) bool {
	m, held := w.holds(f)
	if held {
		return true
	}
	return m.loop.room.post(func() {
		switch now, held := w.holds(f); {
		case held: // it departed before f's turn came
		case now == m:
			f(m)
		default: // it even arrived, and one loop must not wait for another
			m.loop.leaving.Go(func() { w.post(f) })
		}
	})
}

// call has the loop of the participant's room run f and waits until it has. It returns false when
// the room ended first; then f has not run and will not.
func (w *whereabouts) call(f func(*member)) bool {
	done := make(chan struct{})
	if !w.post(func(m *member) { f(m); close(done) }) {
		return false
	}
	for {
		r := w.room()
		select {
		case <-done:
			return true
		case <-r.ended:
		}
		if r != w.room() {
			continue
		}
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// depart says that the participant moves to a room. The loop of the room that it leaves calls it.
func (w *whereabouts) depart(to *Room) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// arrive says as which member of the room the participant goes on, and returns what has waited.
// The loop of that room calls it.
func (w *whereabouts) arrive(m *member) (waited []func(*member)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited = w.waiting
	w.member, w.to, w.waiting = m, nil, nil
	return waited
}
