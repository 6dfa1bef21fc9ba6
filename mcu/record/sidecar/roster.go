package sidecar

import (
	"slices"
	"sync"
)

// maxPeople is how many participants a recording lists.
const maxPeople = 2000

// Roster lists the participants of a recording, in the order of their coming. It is safe for
// concurrent use. Only its owner changes it, so the owner may read what it put there without a lock. The zero value is empty.
type Roster struct {
	mu      sync.Mutex
	people  []*Person
	shared  []Person // copy of people; nil: there is none of now
	omitted uint64
}

// Add adds a participant. In a full list it takes the place of the first that has left without a track. If
// there is none, it is omitted, and Add returns false.
func (r *Roster) Add(p *Person) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.people) >= maxPeople {
		r.omitted++
		i := slices.IndexFunc(r.people, func(p *Person) bool { return p.Left != 0 && len(p.Tracks) == 0 })
		if i < 0 {
			return false
		}
		r.people = slices.Delete(r.people, i, i+1)
	}
	r.people, r.shared = append(r.people, p), nil
	return true
}

// Edit changes participants that were added.
func (r *Roster) Edit(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	r.shared = nil
}

// Everybody returns a copy of the list, which callers share and do not change.
func (r *Roster) Everybody() []Person {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shared == nil {
		r.shared = make([]Person, len(r.people))
		for i, p := range r.people {
			r.shared[i] = *p
			r.shared[i].Tracks = slices.Clone(p.Tracks)
		}
	}
	return r.shared
}

// Omitted returns how many participants the list has no place for.
func (r *Roster) Omitted() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.omitted
}
