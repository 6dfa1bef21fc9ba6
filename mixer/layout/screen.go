package layout

import (
	"image"
	"slices"

	"tilemix/mixer/decor"
)

// screenShare is how much of the width a shared screen's tile has, in per cent. A slide of 16:9 then
// fills 75.7 % of a canvas of 16:9, and one of 4:3 75 %. On an upright canvas, where no slide is
// that high, it has uprightShare of the height, and at most uprightStrip cameras are below it.
const screenShare, uprightShare, uprightStrip = 87, 76, 10

// slide gives the first source that is a screen a tile over the canvas's whole height, or its
// whole width where the canvas is upright. As many of the other sources as there is room for have a
// strip beside it, or below it. The screen comes first in the result. Without a screen the layout
// is Speaker. Screens after the first have no tile.
func slide(canvas image.Point, sources []Source) []Tile {
	i := slices.IndexFunc(sources, func(s Source) bool { return s.ID.Kind == Screen })
	if i < 0 {
		return Speaker(canvas, sources)
	}
	others := make([]Source, 0, len(sources))
	for _, s := range sources {
		if s.ID.Kind != Screen {
			others = append(others, s)
		}
	}
	area, gap := inside(canvas, 2)
	whole := area.Inset(-gap)
	large, beside := whole, whole
	if whole.Dx() >= whole.Dy() {
		large.Max.X = large.Min.X + even((whole.Dx()*screenShare+99)/100+1)
		beside.Min.X = large.Max.X + gap
	} else {
		large.Max.Y = large.Min.Y + even((whole.Dy()*uprightShare+99)/100+1)
		beside.Min.Y = large.Max.Y + gap
	}
	if len(others) == 0 {
		large, beside = whole, image.Rectangle{}
	}
	tiles := append(make([]Tile, 0, len(others)+1), Tile{Source: sources[i].ID, Rect: large})
	return appendBeside(tiles, beside, others, gap)
}

// appendBeside appends tiles for as many sources as there is room for beside a screen, in one column,
// or below it in rows.
func appendBeside(tiles []Tile, area image.Rectangle, sources []Source, gap int) []Tile {
	if area.Empty() {
		return tiles
	}
	if area.Dx() > area.Dy() {
		sources = sources[:min(len(sources), uprightStrip)]
		cols, tile := largest(area.Size(), len(sources), gap, wideShape)
		return appendRows(tiles, area, sources, cols, tile, gap)
	}
	tile := wide(area.Dx(), area.Dy())
	n := min(len(sources), (area.Dy()+gap)/(tile.Y+gap), MaxTiles-1)
	return appendRows(tiles, area, sources[:n], 1, tile, gap)
}

// Fit is [Fit] for a source of the kind. A screen is shown whole, because it may not lose its edges: in
// the place in the middle of the tile that has its shape.
func (k SourceKind) Fit(src image.Point, tile image.Rectangle) (crop, place image.Rectangle) {
	if k != Screen {
		return Fit(src, tile)
	}
	size := image.Pt(even(tile.Dx()), even(tile.Dy()))
	if src.X < 2 || src.Y < 2 || size.X < 2 || size.Y < 2 {
		return image.Rectangle{}, image.Rectangle{}
	}
	return image.Rectangle{Max: src}, centre(image.Rectangle{Max: size}.Add(tile.Min), shrink(size, src))
}

// In returns the kind of source that is fitted as one of the kind is in a tile with a trim.
func (k SourceKind) In(t decor.Trim) SourceKind {
	if t.Whole {
		return Screen
	}
	return k
}
