package layout

import (
	"cmp"
	"maps"
	"slices"
)

// Places says which participants of a room have a tile, and in which order, where there are more
// participants than tiles: those who spoke last. No participant moves without need:
//
//   - A participant without a tile that begins to speak takes the place of the one that has been
//     silent longest.
//   - The place of a participant that leaves goes to the one of the others that spoke last or,
//     if none did, joined first. Without others, those behind move up.
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
// changed. The argument who has all participants, in order of joining, and speaking those that speak now.
// The result is the Places' and valid until its next call.
func (p *Places) Arrange(who, speaking []string) []string {
	joined := make(map[string]int, len(who))
	for i, id := range who {
		joined[id] = i
	}
	p.listen(joined, speaking)
	others := slices.DeleteFunc(slices.Clone(who), func(id string) bool { return slices.Contains(p.ids, id) })
	slices.SortStableFunc(others, func(a, b string) int { return cmp.Compare(p.spoke[b], p.spoke[a]) })
	others = p.fill(joined, others)
	for _, id := range others {
		if i := p.longestSilent(joined); i >= 0 && p.spoke[id] == p.calls {
			p.ids[i] = id
		}
	}
	return p.ids
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

// longestSilent returns the place of the one who has been silent longest, or -1
// if all speak. Of those who never spoke it is who joined first.
func (p *Places) longestSilent(joined map[string]int) int {
	longest := -1
	for i, id := range p.ids {
		if p.spoke[id] == p.calls {
			continue
		}
		if longest < 0 || cmp.Or(
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
