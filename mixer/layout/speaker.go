package layout

import (
	"image"
	"slices"
)

// Speaker gives the sources marked as Pinned a large tile, or else the one marked as Speaker, or the
// first. The others have a strip of small ones to the right, or below where the canvas is upright.
// The large tiles come first in the result. Tiles are 16:9 on other than upright canvases, unless
// several are large. With more than MaxTiles sources the last of the others have none.
func Speaker(canvas image.Point, sources []Source) []Tile {
	var large, others []Source
	for _, s := range sources {
		if s.Pinned {
			large = append(large, s)
		}
	}
	if len(large) == 0 {
		if len(sources) < 2 {
			return Grid(canvas, sources)
		}
		i := max(0, slices.IndexFunc(sources, func(s Source) bool { return s.Speaker }))
		others = append(append(others, sources[:i]...), sources[i+1:]...)
		return front(canvas, sources[i:i+1], others)
	}
	for _, s := range sources {
		if !s.Pinned {
			others = append(others, s)
		}
	}
	return front(canvas, large, others)
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
