// Package layout says where on the canvas each participant is. Layouts are pure
// functions; all rectangles they return are even-aligned, inside the canvas and
// disjoint.
//
// # Why
//
// A canvas has at most 25 tiles (MaxTiles). In a larger room the participants who spoke last
// have one, and no tile moves without need: a new speaker takes the place of the participant
// that has been silent longest (Places). Layouts draw the order of places, not the order of
// joining.
package layout

import "image"

// Participant is what a layout knows of somebody who has a tile.
type Participant struct {
	ID string
	// Speaker marks the one who has the floor; layouts with one large tile give
	// it to him. At most one participant is marked.
	Speaker bool
}

// Tile is a participant's place on the canvas, in pixels.
type Tile struct {
	ID   string
	Rect image.Rectangle
}

// Layout places participants, who come in order of joining, on a canvas of the
// given size. Whoever finds no place is not in the result.
type Layout func(canvas image.Point, who []Participant) []Tile
