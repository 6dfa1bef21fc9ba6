package layout

import (
	"image"
	"slices"
)

// Speaker gives the source marked as Speaker, or the first where none is, one large
// tile, and the others a strip of small ones to the right of it. The large tile
// comes first in the result. Every tile is 16:9; with more than MaxTiles
// sources the last of the others have none.
func Speaker(canvas image.Point, sources []Source) []Tile {
	if len(sources) < 2 {
		return Grid(canvas, sources)
	}
	i := max(0, slices.IndexFunc(sources, func(s Source) bool { return s.Speaker }))
	others := make([]Source, 0, len(sources)-1)
	others = append(append(others, sources[:i]...), sources[i+1:]...)
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

	tiles := appendRows(make([]Tile, 0, len(others)+1), left, sources[i:i+1], 1, large, gap)
	return appendRows(tiles, right, others, cols, small, gap)
}

// strip returns in how many columns, and how large, n small tiles stand beside
// the large one. They share at most three tenths of the width and have a fifth
// each at most, so that the large one stays large. A column is added only when
// the tiles would be lower than a ninth of the height otherwise.
func strip(area image.Point, n, gap int) (cols int, tile image.Point) {
	cols = 1
	for c := 1; c <= n; c++ {
		t := tileSize(image.Pt(min(area.X*3/10, c*(area.X/5+gap)-gap), area.Y), n, c, gap, wideShape)
		if t.X > tile.X {
			cols, tile = c, t
		}
		if tile.Y >= area.Y/9 {
			break
		}
	}
	return cols, tile
}
