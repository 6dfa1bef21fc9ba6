// Package layout says which sources have a tile, and where on the canvas each tile is. A source is
// the camera or the screen of a participant.
//
//	participants, speakers ──▶ Places.Arrange ──▶ who has a tile ──▶ Layout.Place ──▶ tiles
//	size of a picture, tile ──▶ Fit ──▶ what is cropped and where it goes
//
// Layouts and Fit are pure functions. All rectangles that they return are even-aligned, inside the
// canvas and disjoint.
//
// # Why
//
// A canvas has at most 25 tiles (MaxTiles). In a larger room those have one whose camera is
// on and those who spoke last, and no tile moves without need: a new speaker takes the place of the
// participant that has been silent longest (Places). Layouts draw the order of places, not the order of
// joining.
//
// Tiles of one shape leave much of the canvas empty: two tiles of 16:9 use half of it. The grid
// therefore has tiles from 16:9 to 4:3, and of 6:5 for two, which use 71 %. Fit crops cameras to
// these shapes, because what a participant shows is head and shoulders, in the middle. A screen
// loses nothing (SourceKind.Fit), and the layout "screen" leaves it three quarters of the canvas.
package layout

import (
	"image"

	"tilemix/mixer/decor"
)

// MaxTiles is the number of sources that a layout shows at most.
const MaxTiles = 25

// SourceKind says what a source shows.
type SourceKind uint8

// The kinds of sources.
const (
	Camera SourceKind = iota
	Screen
)

// SourceID names one source of a room. Its values can be compared.
type SourceID struct {
	Participant string // the participant's public ID
	Kind        SourceKind
}

// Source is what a layout knows of a source that has a tile.
type Source struct {
	ID SourceID
	// Speaker marks the source of the participant that has the floor. Layouts with one large tile
	// give the tile to it. At most one source is marked.
	Speaker bool
	// Role is that of its participant, Spotlight its place among those whom hosts put in front, from
	// 1, and Pinned says that the viewer wants it. Layouts of package template take sources by them.
	// The layout Speaker gives all pinned sources large tiles, and no other. They come first.
	Role      string
	Spotlight int
	Pinned    bool
}

// Tile is a source's place on the canvas, in pixels.
type Tile struct {
	Source SourceID
	Rect   image.Rectangle
	Trim   decor.Trim
}

// Layout is one way to arrange tiles: a file of this package and a line in Layouts.
type Layout struct {
	Name string // as clients and settings call it
	// Place places sources, which come in order of joining, on a canvas of the given size. A source
	// without a place is not in the result.
	Place func(canvas image.Point, sources []Source) []Tile
	// LeadsSpeaker says that the participant that has the floor has the first place.
	LeadsSpeaker bool
	// TakesScreen says that the layout has a place of its own for a screen, so that a room keeps it
	// while somebody shares one.
	TakesScreen bool
	// Background is the colour behind tiles; zero: as usual.
	Background decor.Colour
}

// layouts has the default first.
var layouts = []Layout{
	{Name: "grid", Place: Grid},
	{Name: "speaker", Place: Speaker, LeadsSpeaker: true},
	{Name: "screen", Place: slide, LeadsSpeaker: true, TakesScreen: true},
}

// Layouts returns all layouts, the default first. The slice is not to be changed.
func Layouts() []Layout { return layouts }

// ByName returns the layout of a name, and false where there is none.
func ByName(name string) (l Layout, ok bool) {
	for _, l := range layouts {
		if l.Name == name {
			return l, true
		}
	}
	return Layout{}, false
}
