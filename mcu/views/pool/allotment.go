package pool

import "sync"

// Allotment is how many views the rooms of a server may have beside those that they have by themselves.
// Rooms share it. It is safe for concurrent use. A nil Allotment has no views.
type Allotment struct {
	most int

	mu   sync.Mutex
	live int
	held map[*Chooser]int // views of each room that has any
}

// NewAllotment returns a allotment of so many views.
func NewAllotment(most int) *Allotment { return &Allotment{most: most, held: make(map[*Chooser]int)} }

// Live returns how many views there are.
func (q *Allotment) Live() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.live
}

// take gives a room another view, and returns false where there is none. A room with less than its
// share has one even if all are taken: the room with most views, above its share, gives one back as
// soon as it is told. Until then there is one more than the allotment has.
func (q *Allotment) take(p *Chooser) bool {
	if q == nil {
		return false
	}
	q.mu.Lock()
	ok, greedy := q.live < q.most, (*Chooser)(nil)
	if !ok {
		greedy = q.greedy(p)
		ok = greedy != nil
	}
	if ok {
		q.live++
		q.held[p]++
	}
	q.mu.Unlock()
	if greedy != nil {
		greedy.owe()
	}
	return ok
}

// has tells whether a room could take a view more.
func (q *Allotment) has(p *Chooser) bool {
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.live < q.most || q.greedy(p) != nil
}

// greedy returns the room that is to give a view back for another room, nil where none is.
func (q *Allotment) greedy(p *Chooser) (most *Chooser) {
	rooms := len(q.held)
	if q.held[p] == 0 {
		rooms++
	}
	share := max(1, q.most/rooms)
	if q.most == 0 || q.held[p] >= share {
		return nil
	}
	excess := 0
	for room, n := range q.held {
		if n -= int(room.owed.Load()); n > share && n > excess {
			most, excess = room, n
		}
	}
	return most
}

// give takes a view back from a room.
func (q *Allotment) give(p *Chooser) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.live--
	if q.held[p]--; q.held[p] == 0 {
		delete(q.held, p)
	}
}
