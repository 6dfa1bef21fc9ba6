package layout

import (
	"cmp"
	"maps"
	"slices"
)

// lately is how many silent participants without a camera keep their places: those that spoke last. A
// talk among a few of them then changes no place from one sentence to the next.
const lately = 3

// Places says which participants of a room have a tile, and in which order, where there are more
// participants than tiles: those whose camera is on, those who speak, and the three others that spoke
// last. Among equals, those count that spoke last. No participant moves without need:
//
//   - A participant without a tile that begins to speak takes the place of the one that has been
//     silent longest: of one without a camera, if there is one.
//   - A participant without a tile whose camera is on takes the place of one without a camera that is
//     silent, unless that one is among the three. Where all have a camera, it waits until it speaks.
//   - The place of a participant that leaves goes to the one of the others that spoke last or,
//     if none did, joined first, and to one with a camera before one without. Without others, those
//     behind move up.
//   - A participant that joins has the place behind all others, if there is one.
//
// It belongs to one goroutine.
type Places struct {
	most     int
	ids      []string
	speaking []string       // at the last call of Arrange
	spoke    map[string]int // until which call; nobody's is 0
	calls    int
}

// NewPlaces returns the given number of places, all free.
func NewPlaces(most int) *Places {
	return &Places{most: most, spoke: map[string]int{}}
}

// Clone returns places of the same participants, of which there may be fewer or more.
func (p *Places) Clone(most int) *Places {
	most = max(most, 0)
	return &Places{
		most: most, ids: slices.Clone(p.ids[:min(len(p.ids), most)]), speaking: slices.Clone(p.speaking),
		spoke: maps.Clone(p.spoke), calls: p.calls,
	}
}

// Arrange returns the participants that have a place, in order of places, after something
// changed. The argument who has all participants, in order of joining, filmed those whose camera is on, and
// speaking those that speak now. Cameras count only where there are more participants than places.
// The result is the Places' and valid until its next call.
func (p *Places) Arrange(who, filmed, speaking []string) []string {
	joined := make(map[string]int, len(who))
	for i, id := range who {
		joined[id] = i
	}
	p.listen(joined, speaking)
	if len(who) <= p.most {
		filmed = who // there is a place for each
	}
	first := p.first(filmed)
	others := slices.DeleteFunc(slices.Clone(who), func(id string) bool { return slices.Contains(p.ids, id) })
	slices.SortStableFunc(others, func(a, b string) int {
		return cmp.Or(before(first, a, b), cmp.Compare(p.spoke[b], p.spoke[a]))
	})
	others = p.fill(joined, others)
	for _, id := range others {
		i := p.longestSilent(joined, first)
		if i >= 0 && (p.spoke[id] == p.calls || before(first, id, p.ids[i]) < 0) {
			p.ids[i] = id
		}
	}
	return p.ids
}

// first returns the participants that come before others: those whose camera is on, those who speak, and
// the few others that spoke last.
func (p *Places) first(filmed []string) map[string]bool {
	first := make(map[string]bool, len(filmed)+len(p.speaking)+lately)
	for _, id := range filmed {
		first[id] = true
	}
	var silent []string
	for id, call := range p.spoke {
		switch {
		case first[id]:
		case call == p.calls:
			first[id] = true
		default:
			silent = append(silent, id)
		}
	}
	slices.SortFunc(silent, func(a, b string) int { return cmp.Or(p.spoke[b]-p.spoke[a], cmp.Compare(a, b)) })
	for _, id := range silent[:min(len(silent), lately)] {
		first[id] = true
	}
	return first
}

// before compares two participants: negative if only a is one of the first, positive if only b is.
func before(first map[string]bool, a, b string) int {
	switch {
	case first[a] == first[b]:
		return 0
	case first[a]:
		return -1
	}
	return 1
}

// listen notes the participants that speak, and of those that stopped that they spoke until now.
func (p *Places) listen(joined map[string]int, speaking []string) {
	p.calls++
	for _, id := range p.speaking {
		p.spoke[id] = p.calls
	}
	p.calls++
	for _, id := range speaking {
		p.spoke[id] = p.calls
	}
	p.speaking = append(p.speaking[:0], speaking...)
	maps.DeleteFunc(p.spoke, func(id string, _ int) bool {
		_, here := joined[id]
		return !here
	})
}

// fill gives the places of those who left, and those that nobody had, to others.
// It returns for whom there was none.
func (p *Places) fill(joined map[string]int, others []string) []string {
	kept := p.ids[:0]
	for _, id := range p.ids {
		if _, here := joined[id]; !here {
			if len(others) == 0 {
				continue
			}
			id, others = others[0], others[1:]
		}
		kept = append(kept, id)
	}
	n := min(len(others), max(p.most-len(kept), 0))
	p.ids = append(kept, others[:n]...)
	return others[n:]
}

// longestSilent returns the place of the one that has been silent longest, or -1 if all speak: of one that
// is not among the first, if there is one. Of those that never spoke it is the one that joined first.
func (p *Places) longestSilent(joined map[string]int, first map[string]bool) int {
	longest := -1
	for i, id := range p.ids {
		if p.spoke[id] == p.calls {
			continue
		}
		if longest < 0 || cmp.Or(
			before(first, p.ids[longest], id),
			cmp.Compare(p.spoke[id], p.spoke[p.ids[longest]]),
			cmp.Compare(joined[id], joined[p.ids[longest]])) < 0 {
			longest = i
		}
	}
	return longest
}

// Lead exchanges the place of a participant, if it has one, with the first place.
func (p *Places) Lead(id string) {
	if i := slices.Index(p.ids, id); i > 0 {
		p.ids[0], p.ids[i] = p.ids[i], p.ids[0]
	}
}
