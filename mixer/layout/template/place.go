package template

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
)

// Layout returns the template as a layout of its name.
func (t *Template) Layout() layout.Layout {
	l := layout.Layout{Name: t.Name, Place: t.Place}
	if rgb, err := strconv.ParseUint(strings.TrimPrefix(t.Background, "#"), 16, 32); err == nil {
		l.Background = decor.RGB(uint32(rgb))
	}
	for _, g := range t.Groups {
		for _, s := range g.Slots {
			l.TakesScreen = l.TakesScreen || slices.Contains(strings.Split(s.Who, "|"), "screen")
		}
	}
	return l
}

// Place places sources, which come in order. It is a pure function. A source for which there is no
// slot is not in the result. Where tiles overlap the one in front comes later.
func (t *Template) Place(canvas image.Point, sources []layout.Source) []layout.Tile {
	g := t.group(len(sources))
	if g == nil {
		return nil
	}
	type placed struct {
		layout.Tile
		z int
	}
	all, taken := make([]placed, 0, len(sources)), make([]bool, len(sources))
	for i := range g.Slots {
		s := &g.Slots[i]
		if s.Grid {
			continue
		}
		if n := s.choose(sources, taken); n >= 0 {
			taken[n] = true
			all = append(all, placed{s.trim(layout.Tile{Source: sources[n].ID, Rect: s.At.on(canvas)}), s.Z})
		}
	}
	var rest []layout.Source
	for i, s := range sources {
		if !taken[i] {
			rest = append(rest, s)
		}
	}
	if s := g.grid(); s != nil {
		area := s.At.on(canvas)
		for _, tile := range layout.Grid(area.Size(), rest) {
			tile.Rect = tile.Rect.Add(area.Min)
			all = append(all, placed{s.trim(tile), s.Z})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.z, b.z) })
	tiles := make([]layout.Tile, 0, len(all))
	for _, p := range all {
		if p.Rect.Dx() >= 2 && p.Rect.Dy() >= 2 {
			tiles = append(tiles, p.Tile)
		}
	}
	return tiles
}

// least is the height of the lowest tile that has a label below, in pixels.
const least = 64

// trim says of a tile of the slot how it is drawn. A tile with its label below is less high.
func (s *Slot) trim(t layout.Tile) layout.Tile {
	t.Trim = decor.Trim{Whole: s.Fit == "contain", Radius: s.Radius, Border: s.Border}
	switch high := t.Rect.Dy(); {
	case s.Label == "none":
		t.Trim.Bald = true
	case s.Label == "below" && high >= least:
		t.Trim.Below = min(max(high/10, 16), 44) &^ 1
		t.Rect.Max.Y -= t.Trim.Below
	}
	return t
}

// group returns the smallest group with room for n sources, or the largest if none has it.
func (t *Template) group(n int) (best *Group) {
	room := func(g *Group) int {
		if g.Max == 0 {
			return math.MaxInt
		}
		return g.Max
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		switch {
		case best == nil,
			room(g) >= n && (room(best) < n || room(g) < room(best)),
			room(g) < n && room(best) < n && room(g) > room(best):
			best = g
		}
	}
	return best
}

// grid returns the slot that takes all who are left; nil is none.
func (g *Group) grid() *Slot {
	for i := range g.Slots {
		if g.Slots[i].Grid {
			return &g.Slots[i]
		}
	}
	return nil
}

// choose returns the source that a slot takes of those that are not taken, or -1.
func (s *Slot) choose(sources []layout.Source, taken []bool) int {
	for who := range strings.SplitSeq(cmp.Or(s.Who, "rest"), "|") {
		for i := range sources {
			if !taken[i] && is(&sources[i], who) {
				return i
			}
		}
	}
	return -1
}

// is tells whether a source is whom one alternative of a slot means.
func is(s *layout.Source, who string) bool {
	kind, name, _ := strings.Cut(who, ":")
	switch kind {
	case "rest":
		return true
	case "speaker":
		return s.Speaker && s.ID.Kind == layout.Camera
	case "screen":
		return s.ID.Kind == layout.Screen
	case "pinned":
		return s.Pinned
	case "spotlight":
		return s.Spotlight > 0 && strconv.Itoa(s.Spotlight) == name
	case "role":
		return s.Role == name && s.ID.Kind == layout.Camera
	case "id":
		return s.ID.Participant == name && s.ID.Kind == layout.Camera
	}
	return false
}

// isWho tells whether a text is an alternative that slots know.
func isWho(text string) bool {
	kind, name, named := strings.Cut(text, ":")
	switch kind {
	case "rest", "speaker", "screen", "pinned":
		return !named
	case "spotlight":
		n, err := strconv.Atoi(name)
		return err == nil && n > 0 && fmt.Sprint(n) == name
	case "role", "id":
		return name != "" && len(name) <= 64
	}
	return false
}
