package layout

import "image"

// front gives some sources large tiles and others a strip of small ones: to the right of the large
// ones, or below them where the canvas is upright. The large tiles come first in the result. Sources
// after MaxTiles have no tile.
func front(canvas image.Point, large, others []Source) []Tile {
	large = large[:min(len(large), MaxTiles)]
	others = others[:min(len(others), MaxTiles-len(large))]
	if len(large) == 0 || len(others) == 0 {
		return Grid(canvas, append(append(make([]Source, 0, len(large)+len(others)), large...), others...))
	}
	area, gap := inside(canvas, len(large)+len(others))
	if canvas.Y > canvas.X {
		return upright(area, gap, large, others)
	}
	cols, small := strip(area.Size(), len(others), gap)
	width := cols*(small.X+gap) - gap
	room := image.Pt(area.Dx()-gap-width, area.Dy())
	lcols, tile := 1, wide(room.X, room.Y)
	if len(large) > 1 {
		lcols, tile = largest(room, len(large), gap, tallShape)
	}
	ahead := lcols*(tile.X+gap) - gap
	// Large tiles and strip are centred as one.
	area.Min.X += even((area.Dx() - ahead - gap - width) / 2)
	left, right := area, area
	left.Max.X = left.Min.X + ahead
	right.Min.X = left.Max.X + gap
	right.Max.X = right.Min.X + width
	tiles := appendRows(make([]Tile, 0, len(large)+len(others)), left, large, lcols, tile, gap)
	return appendRows(tiles, right, others, cols, small, gap)
}

// upright is front for a canvas that is higher than wide. A small tile is at most half as wide as the
// canvas, and the large ones leave at least a quarter of the height.
func upright(area image.Rectangle, gap int, large, others []Source) []Tile {
	lcols, tile := largest(image.Pt(area.Dx(), area.Dy()*3/4-gap), len(large), gap, tallShape)
	height := (len(large)+lcols-1)/lcols*(tile.Y+gap) - gap
	rest := image.Pt(area.Dx(), area.Dy()-height-gap)
	cols, small := largest(rest, max(len(others), 2), gap, tallShape)
	if cols == 1 {
		cols, small = 2, tileSize(rest, max(len(others), 2), 2, gap, tallShape)
	}
	below := (len(others)+cols-1)/cols*(small.Y+gap) - gap
	// Large and small tiles are centred as one.
	area.Min.Y += even((area.Dy() - height - gap - below) / 2)
	top, bottom := area, area
	top.Max.Y = top.Min.Y + height
	bottom.Min.Y = top.Max.Y + gap
	bottom.Max.Y = bottom.Min.Y + below
	tiles := appendRows(make([]Tile, 0, len(large)+len(others)), top, large, lcols, tile, gap)
	return appendRows(tiles, bottom, others, cols, small, gap)
}
