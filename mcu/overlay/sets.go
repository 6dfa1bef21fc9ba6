package overlay

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Nothing is the name by which a view chooses no overlays at all.
const Nothing = "none"

// maxNamed (8) is how many overlays a room has beside its own.
const maxNamed = 8

// Sets are the overlays of a room: its own, and those that a view chooses by their names. They never
// change. The zero Sets have none.
type Sets struct {
	Own   *Set   // of views that choose none; nil: nothing
	named []*Set // in the order of their names
}

// With returns the Sets with another one in the place of that of its name. A named one that shows
// nothing takes its place away. It is ErrBad where a room has too many.
func (s Sets) With(set *Set) (Sets, error) {
	if set.Name == "" {
		s.Own = set
		return s, nil
	}
	s.named = slices.DeleteFunc(slices.Clone(s.named), func(o *Set) bool { return o.Name == set.Name })
	if set.empty() {
		return s, nil
	}
	if len(s.named) == maxNamed {
		return s, fmt.Errorf("%w: the room has %d of other names: remove one", ErrBad, maxNamed)
	}
	at, _ := slices.BinarySearchFunc(s.named, set, func(a, b *Set) int { return strings.Compare(a.Name, b.Name) })
	s.named = slices.Insert(s.named, at, set)
	return s, nil
}

// Of returns the Set of a name, nil where it shows nothing or there is none.
func (s Sets) Of(name string) *Set {
	if name == "" {
		return s.Own
	}
	for _, set := range s.named {
		if set.Name == name {
			return set
		}
	}
	return nil
}

// Has tells whether a view can choose a name.
func (s Sets) Has(name string) bool { return name == "" || name == Nothing || s.Of(name) != nil }

// Canonical returns the one name of all that show the same: "" where that is what the room shows by
// itself, and where nothing has the name.
func (s Sets) Canonical(name string) string {
	if name == Nothing {
		if s.Own == nil {
			return ""
		}
		return Nothing
	}
	set := s.Of(name)
	if set == nil || set.same(s.Own) {
		return ""
	}
	return s.named[slices.IndexFunc(s.named, set.same)].Name
}

// Introduce tells whether any of the Sets has the lower third of participants that begin to speak.
func (s Sets) Introduce() bool {
	speaks := func(o *Set) bool { return o != nil && o.LowerThird == "speaker" }
	return speaks(s.Own) || slices.ContainsFunc(s.named, speaks)
}

// All returns the Sets, the room's own first if it has one.
func (s Sets) All() []*Set {
	if s.Own == nil {
		return s.named
	}
	return append([]*Set{s.Own}, s.named...)
}

// Pictures returns a Set that has the pictures of all, for Compile.
func (s Sets) Pictures() *Set {
	all := None()
	all.files = map[string][]byte{}
	for _, set := range s.All() {
		maps.Copy(all.files, set.files)
	}
	return all
}

// same tells whether two show the same. Pictures have one ID if they are the same.
func (s *Set) same(o *Set) bool {
	if o == nil {
		return false
	}
	a, b := s.Overlays, o.Overlays
	a.Name, b.Name = "", ""
	if a.Transition != nil && b.Transition != nil && *a.Transition == *b.Transition {
		b.Transition = a.Transition
	}
	return a == b
}

// empty tells whether it shows nothing.
func (s *Set) empty() bool { return s.same(&Set{}) }
