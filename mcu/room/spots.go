package room

import (
	"slices"

	"tilemix/mcu/policy"
	"tilemix/mcu/views"
)

// maxSpots is how many members hosts put in front at most.
const maxSpots = views.MaxPins

// spots are the public IDs of the members that hosts have put in front, in order. It does not change once
// it is made.
type spots []string

// with returns spots with a member in front, behind those that are there already, or no longer. The
// first goes where there are more than maxSpots (9).
func (s spots) with(id string, on bool) spots {
	if s.has(id) == on {
		return s
	}
	next := slices.DeleteFunc(slices.Clone(s), func(other string) bool { return other == id })
	if on {
		next = append(next, id)
	}
	return next[max(0, len(next)-maxSpots):]
}

// has tells whether a member is in front.
func (s spots) has(id string) bool { return slices.Contains(s, id) }

// place returns the place of a member from 0, and behind all of them for one that is not in front.
func (s spots) place(id string) int {
	if i := slices.Index(s, id); i >= 0 {
		return i
	}
	return len(s)
}

// ordered returns those who have tiles with those in front first.
func (s spots) ordered(placed []string) []string {
	if len(s) < 2 {
		return placed
	}
	placed = slices.Clone(placed)
	slices.SortStableFunc(placed, func(a, b string) int { return s.place(a) - s.place(b) })
	return placed
}

// certain returns those who have a tile however many there are: those who speak, who are in front, and
// interpreters.
func (s spots) certain(speaking []string, roles map[string]string) []string {
	all := slices.Clip(speaking)
	for _, id := range s {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	for id, role := range roles {
		if role == policy.Interpreter.String() && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
