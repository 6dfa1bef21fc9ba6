package layout

import "image"

// Shapes of tiles. The crop of a camera's picture to a tile of the lower shapes keeps head and
// shoulders; those of wide keep all of it.
var (
	wideShape = shape{16, 9}
	tallShape = shape{4, 3}
	// pairShape is for grids that leave a third of the canvas empty with tallShape, as that of
	// two sources does.
	pairShape = shape{6, 5}
)

// shape is a ratio of width to height.
type shape struct{ x, y int }

// Grid shows the first MaxTiles sources in equal tiles, in as many columns as make the tiles
// largest, the last row centred. Tiles are 16:9 at the widest. They are taller where that
// fills the canvas: up to 4:3, or to 6:5 where 4:3 leaves a third of it empty. One source
// alone has the whole canvas.
func Grid(canvas image.Point, sources []Source) []Tile {
	sources = sources[:min(len(sources), MaxTiles)]
	area, gap := inside(canvas, len(sources))
	cols, tile := largest(area.Size(), len(sources), gap, tallShape)
	if len(sources)*tile.X*tile.Y*3 < canvas.X*canvas.Y*2 {
		cols, tile = largest(area.Size(), len(sources), gap, pairShape)
	}
	return appendRows(make([]Tile, 0, len(sources)), area, sources, cols, tile, gap)
}

// largest returns the columns that give n tiles most pixels, and the tiles' size.
func largest(area image.Point, n, gap int, tallest shape) (cols int, tile image.Point) {
	cols = 1
	for c := 1; c <= n; c++ {
		if t := tileSize(area, n, c, gap, tallest); t.X*t.Y > tile.X*tile.Y {
			cols, tile = c, t
		}
	}
	return cols, tile
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
// size in rows of cols, from 16:9 to the tallest shape.
func tileSize(area image.Point, n, cols, gap int, tallest shape) image.Point {
	rows := (n + cols - 1) / cols
	w, h := (area.X-(cols-1)*gap)/cols, (area.Y-(rows-1)*gap)/rows
	if w*wideShape.y >= h*wideShape.x || tallest == wideShape {
		return wide(w, h)
	}
	w = even(w)
	h = even(min(h, nearestEven(w*tallest.y, tallest.x)))
	if w < 2 || h < 2 {
		return image.Point{}
	}
	return image.Pt(w, h)
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
