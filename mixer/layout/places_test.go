package layout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mixer/layout"
)

// TestPlaces tells a story of four places. A word is everybody who is there; a
// letter in upper case speaks.
func TestPlaces(t *testing.T) {
	places := layout.NewPlaces(4)
	for _, step := range []struct{ who, want, why string }{
		{"abc", "abc", "there is room for all"},
		{"abcd", "abcd", "a newcomer comes last"},
		{"abcde", "abcd", "there is no room for e"},
		{"abcDe", "abcd", "a speaker stays in place"},
		{"abcdE", "ebcd", "a joined first of those who never spoke"},
		{"aBcde", "ebcd", "b has a place"},
		{"Abcde", "ebad", "c never spoke"},
		{"abCde", "ebac", "d spoke before e, who spoke before b"},
		{"acde", "edac", "d is the next for the place of b"},
		{"acdef", "edac", "f finds no room"},
		{"adef", "edaf", "f has the place of c"},
		{"def", "edf", "nobody is there for the place of a: f moves up"},
		{"defghi", "edfg", "h and i find no room"},
		{"DEFGhi", "edfg", "all speak"},
		{"DEFGHi", "edfg", "all speak: h has to wait"},
		{"DEFgHi", "edfh", "g is silent"},
		{"i", "i", "all others have left"},
		{"", "", "nobody is there"},
		{"xyzvw", "xyzv", "the first four of five"},
	} {
		who, speaking := readers(step.who)
		if got := strings.Join(places.Arrange(who, nil, speaking), ""); got != step.want {
			t.Errorf("%s: the places are %s, want %s: %s", step.who, got, step.want, step.why)
		}
	}
}

// readers returns the participants of a word, and those of them that speak.
func readers(word string) (who, speaking []string) {
	for c := range strings.SplitSeq(word, "") {
		who = append(who, strings.ToLower(c))
		if c != strings.ToLower(c) {
			speaking = append(speaking, strings.ToLower(c))
		}
	}
	return who, speaking
}

// TestPlacesCameras tells a story of three places, where some have a camera.
func TestPlacesCameras(t *testing.T) {
	places := layout.NewPlaces(3)
	for _, step := range []struct{ who, filmed, want, why string }{
		{"abc", "c", "abc", "there is room for all"},
		{"abcx", "cx", "xbc", "x has a camera, a has none and joined first"},
		{"abcx", "cx", "xbc", "nothing changed"},
		{"abcxy", "cxy", "xyc", "y has a camera, b has none"},
		{"abcxyz", "cxyz", "xyc", "z waits: all have a camera"},
		{"Abcxyz", "cxyz", "xya", "a speaks: c joined first of those who never spoke"},
		{"abcxyz", "cxyz", "xya", "a was the last to speak: c and z wait"},
		{"abcXyz", "cxyz", "xya", "a is still one of the last three"},
		{"aBcxyz", "cxyz", "xba", "b speaks: y never spoke"},
		{"Abcxyz", "cxyz", "xba", "a and b talk, and no place changes"},
		{"aBcxyz", "cxyz", "xba", "a and b still talk"},
		{"abcxyz", "cyz", "xba", "the camera of x went off: it is the third that spoke"},
		{"abCxyz", "cyz", "cba", "c speaks: x spoke before a, who spoke before b"},
		{"abcxyZ", "cyz", "cbz", "z speaks: a spoke before b"},
		{"abcxyz", "cxyz", "cbz", "x has its camera again, but b spoke last of those without"},
		{"acxyz", "cxyz", "caz", "b left: a spoke after x, who spoke after y"},
		{"acxz", "cxz", "caz", "y had no place"},
		{"acxz", "c", "caz", "cameras went off, but a, x and z are the last three"},
		{"ac", "", "ca", "there is room for all"},
	} {
		who, speaking := readers(step.who)
		if got := strings.Join(places.Arrange(who, strings.Split(step.filmed, ""), speaking), ""); got != step.want {
			t.Errorf("%s: the places are %s, want %s: %s", step.who, got, step.want, step.why)
		}
	}
}

func TestPlacesLead(t *testing.T) {
	places := layout.NewPlaces(3)
	who := []string{"a", "b", "c", "d"}
	for _, step := range []struct{ lead, want string }{{"b", "bac"}, {"c", "cab"}, {"c", "cab"}, {"d", "cab"}, {"", "cab"}} {
		places.Arrange(who, nil, nil)
		places.Lead(step.lead)
		if got := strings.Join(places.Arrange(who, nil, nil), ""); got != step.want {
			t.Errorf("%q leads: the places are %s, want %s", step.lead, got, step.want)
		}
	}
}

// gathering is what TestPlacesStable knows of a room.
type gathering struct {
	who, filmed, speaking []string
	spoke                 map[string]int // the last step in which each spoke
	next                  int
}

// TestPlacesStable has people come, go and speak in any order, with a camera or without.
func TestPlacesStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 6).Draw(t, "most")
		places, g := layout.NewPlaces(most), gathering{spoke: map[string]int{}}
		var before []string
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			caused, left := g.change(t)
			for _, id := range g.speaking {
				g.spoke[id] = step + 1
			}
			after := slices.Clone(places.Arrange(g.who, g.filmed, g.speaking))
			g.checkShown(t, most, after)
			checkMoves(t, before, after, caused, left)
			before = after
		}
	})
}

// change has somebody come, go, begin or cease to speak. It tells whether that may take a place.
func (g *gathering) change(t *rapid.T) (caused, left bool) {
	someone := func(of []string) string { return rapid.SampledFrom(of).Draw(t, "who") }
	silent := slices.DeleteFunc(slices.Clone(g.who), func(id string) bool { return slices.Contains(g.speaking, id) })
	switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
	case what == 0 && len(g.who) > 0:
		id := someone(g.who)
		gone := func(o string) bool { return o == id }
		g.who, g.filmed, g.speaking = slices.DeleteFunc(g.who, gone), slices.DeleteFunc(g.filmed, gone), slices.DeleteFunc(g.speaking, gone)
		return false, true
	case what == 1 && len(g.speaking) > 0:
		id := someone(g.speaking)
		g.speaking = slices.DeleteFunc(g.speaking, func(o string) bool { return o == id })
		return true, false // somebody else who speaks may have waited for it
	case what == 2 && len(silent) > 0:
		g.speaking = append(g.speaking, someone(silent))
		return true, false
	default:
		g.next++
		g.who = append(g.who, fmt.Sprint(g.next))
		if rapid.Bool().Draw(t, "camera") {
			g.filmed = append(g.filmed, fmt.Sprint(g.next))
			return true, false
		}
	}
	return false, false
}

// checkShown says that as many as fit are shown, each once, and nobody instead of another that comes first:
// with a camera, speaking or one of the last three that spoke, or else that spoke later.
func (g *gathering) checkShown(t *rapid.T, most int, shown []string) {
	if len(shown) != min(most, len(g.who)) {
		t.Fatalf("%d of %d have one of %d places", len(shown), len(g.who), most)
	}
	for i, id := range shown {
		if !slices.Contains(g.who, id) || slices.Contains(shown[:i], id) {
			t.Fatalf("%s has left or has two places: %v", id, shown)
		}
	}
	for _, id := range g.who {
		if slices.Contains(shown, id) {
			continue
		}
		for _, o := range shown {
			if g.first(id) && !g.first(o) {
				t.Fatalf("%s has no place, and %s has one without a camera and silent", id, o)
			}
			if g.first(id) == g.first(o) && slices.Contains(g.filmed, id) == slices.Contains(g.filmed, o) && g.spoke[id] > g.spoke[o] {
				t.Fatalf("%s has no place, and %s has one but spoke earlier", id, o)
			}
		}
	}
}

// first tells whether a participant comes before those without a camera.
func (g *gathering) first(id string) bool {
	if slices.Contains(g.filmed, id) || slices.Contains(g.speaking, id) {
		return true
	}
	later := 0
	for _, o := range g.who {
		if !slices.Contains(g.filmed, o) && !slices.Contains(g.speaking, o) && g.spoke[o] > g.spoke[id] {
			later++
		}
	}
	return g.spoke[id] > 0 && later < 3
}

// checkMoves says that one change at most took one place, and that all who kept a
// place are where they were, but for those who move up behind one who left.
func checkMoves(t *rapid.T, before, after []string, caused, left bool) {
	if left && len(after) < len(before) {
		rest := slices.DeleteFunc(slices.Clone(before), func(id string) bool { return !slices.Contains(after, id) })
		if !slices.Equal(rest, after) {
			t.Fatalf("%v became %v", before, after)
		}
		return
	}
	changed := 0
	for i := range before {
		if before[i] != after[i] {
			changed++
			if slices.Contains(before, after[i]) {
				t.Fatalf("%s moved: %v became %v", after[i], before, after)
			}
		}
	}
	if changed > 1 || changed > 0 && !caused && !left {
		t.Fatalf("%d places changed: %v became %v", changed, before, after)
	}
}
