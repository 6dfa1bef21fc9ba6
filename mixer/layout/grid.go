package layout

import "image"

// MaxTiles is the number of participants that a layout shows at most.
const MaxTiles = 25

// ByName returns the layout that clients call by that name, "grid" or
// "speaker", and false for any other name.
func ByName(name string) (Layout, bool) {
	switch name {
	case "grid":
		return Grid, true
	case "speaker":
		return Speaker, true
	}
	return nil, false
}

// Grid shows the first MaxTiles participants in equal 16:9 tiles, in as many
// columns as make the tiles largest, the last row centred. One alone has the
// whole canvas.
func Grid(canvas image.Point, who []Participant) []Tile {
	who = who[:min(len(who), MaxTiles)]
	area, gap := inside(canvas, len(who))
	cols, tile := 1, image.Point{}
	for c := 1; c <= len(who); c++ {
		if t := tileSize(area.Size(), len(who), c, gap); t.X > tile.X {
			cols, tile = c, t
		}
	}
	return appendRows(make([]Tile, 0, len(who)), area, who, cols, tile, gap)
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

// appendRows appends a tile for each of who, in rows of cols that are centred
// in area. Nobody gets a tile when there is no room for one.
func appendRows(to []Tile, area image.Rectangle, who []Participant, cols int, tile image.Point, gap int) []Tile {
	if tile.X == 0 {
		return to
	}
	rows := (len(who) + cols - 1) / cols
	y := area.Min.Y + even((area.Dy()-rows*(tile.Y+gap)+gap)/2)
	for len(who) > 0 {
		n := min(cols, len(who))
		x := area.Min.X + even((area.Dx()-n*(tile.X+gap)+gap)/2)
		for _, p := range who[:n] {
			to = append(to, Tile{ID: p.ID, Rect: image.Rectangle{Max: tile}.Add(image.Pt(x, y))})
			x += tile.X + gap
		}
		who, y = who[n:], y+tile.Y+gap
	}
	return to
}

// even rounds down to an even number.
func even(n int) int { return n &^ 1 }

// nearestEven returns the even number nearest to a/b.
func nearestEven(a, b int) int { return (a + b) / (2 * b) * 2 }
