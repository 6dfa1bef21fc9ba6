package layout

import (
	"image"
	"slices"
)

// Speaker gives the participant marked as Speaker, or else the first, one large
// tile, and the others a strip of small ones to the right of it. The large tile
// comes first in the result. Everyone has a 16:9 tile; with more than MaxTiles
// participants the last of the others have none.
func Speaker(canvas image.Point, who []Participant) []Tile {
	if len(who) < 2 {
		return Grid(canvas, who)
	}
	i := max(0, slices.IndexFunc(who, func(p Participant) bool { return p.Speaker }))
	others := make([]Participant, 0, len(who)-1)
	others = append(append(others, who[:i]...), who[i+1:]...)
	others = others[:min(len(others), MaxTiles-1)]

	area, gap := inside(canvas, len(others)+1)
	cols, small := strip(area.Size(), len(others), gap)
	width := cols*(small.X+gap) - gap
	large := wide(area.Dx()-gap-width, area.Dy())
	// Large tile and strip are centred as one.
	area.Min.X += even((area.Dx() - large.X - gap - width) / 2)
	left, right := area, area
	left.Max.X = left.Min.X + large.X
	right.Min.X = left.Max.X + gap
	right.Max.X = right.Min.X + width

	tiles := appendRows(make([]Tile, 0, len(others)+1), left, who[i:i+1], 1, large, gap)
	return appendRows(tiles, right, others, cols, small, gap)
}

// strip returns in how many columns, and how large, n small tiles stand beside
// the large one. They share at most three tenths of the width and have a fifth
// each at most, so that the large one stays large. A column is added only when
// the tiles would be lower than a ninth of the height otherwise.
func strip(area image.Point, n, gap int) (cols int, tile image.Point) {
	cols = 1
	for c := 1; c <= n; c++ {
		t := tileSize(image.Pt(min(area.X*3/10, c*(area.X/5+gap)-gap), area.Y), n, c, gap)
		if t.X > tile.X {
			cols, tile = c, t
		}
		if tile.Y >= area.Y/9 {
			break
		}
	}
	return cols, tile
}
