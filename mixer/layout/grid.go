package layout

import "image"

// Grid shows the first MaxTiles sources in equal 16:9 tiles, in as many
// columns as make the tiles largest, the last row centred. One source alone has the
// whole canvas.
func Grid(canvas image.Point, sources []Source) []Tile {
	sources = sources[:min(len(sources), MaxTiles)]
	area, gap := inside(canvas, len(sources))
	cols, tile := 1, image.Point{}
	for c := 1; c <= len(sources); c++ {
		if t := tileSize(area.Size(), len(sources), c, gap); t.X > tile.X {
			cols, tile = c, t
		}
	}
	return appendRows(make([]Tile, 0, len(sources)), area, sources, cols, tile, gap)
}

// inside returns the part of the canvas that n tiles may use and the gap
// between them. The gap is also the margin, but one tile alone needs neither.
func inside(canvas image.Point, n int) (area image.Rectangle, gap int) {
	area = image.Rect(0, 0, even(max(canvas.X, 0)), even(max(canvas.Y, 0)))
	if n > 1 {
		gap = even(min(area.Dx(), area.Dy()) / 90)
	}
	return area.Inset(gap), gap
}

// tileSize returns the size of n equal tiles that fill an area of the given
// size in rows of cols.
func tileSize(area image.Point, n, cols, gap int) image.Point {
	rows := (n + cols - 1) / cols
	return wide((area.X-(cols-1)*gap)/cols, (area.Y-(rows-1)*gap)/rows)
}

// wide returns the largest even 16:9 size within w×h. It is (0, 0) when not
// even 4×2 pixels are left.
func wide(w, h int) image.Point {
	h = even(min(h, w*9/16+1))
	if x := nearestEven(h*16, 9); x > w {
		h -= 2
	}
	if h < 2 {
		return image.Point{}
	}
	return image.Pt(nearestEven(h*16, 9), h)
}

// appendRows appends a tile for each source, in rows of cols that are centred
// in area. There is none where there is no room for one.
func appendRows(to []Tile, area image.Rectangle, sources []Source, cols int, tile image.Point, gap int) []Tile {
	if tile.X == 0 {
		return to
	}
	rows := (len(sources) + cols - 1) / cols
	y := area.Min.Y + even((area.Dy()-rows*(tile.Y+gap)+gap)/2)
	for len(sources) > 0 {
		n := min(cols, len(sources))
		x := area.Min.X + even((area.Dx()-n*(tile.X+gap)+gap)/2)
		for _, s := range sources[:n] {
			to = append(to, Tile{Source: s.ID, Rect: image.Rectangle{Max: tile}.Add(image.Pt(x, y))})
			x += tile.X + gap
		}
		sources, y = sources[n:], y+tile.Y+gap
	}
	return to
}

// even rounds down to an even number.
func even(n int) int { return n &^ 1 }

// nearestEven returns the even number nearest to a/b.
func nearestEven(a, b int) int { return (a + b) / (2 * b) * 2 }
