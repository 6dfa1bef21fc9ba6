// Package decor has what a picture of a room shows besides the pictures of cameras. It holds values;
// package video draws them.
package decor

import "image"

// Corner is a corner of the canvas.
type Corner uint8

// The corners.
const (
	TopRight Corner = iota
	TopLeft
	BottomLeft
	BottomRight
)

// Overlays is what a picture shows besides tiles. Two that are equal look the same. All texts are
// from outside and of any content, and "" draws nothing, as the zero Overlays do.
type Overlays struct {
	Backdrop   *image.YCbCr // behind the tiles, 4:2:0, scaled to cover the canvas; nil: one colour
	Colour     Colour       // behind the tiles
	Logo       Logo
	Banner     string // on up to three lines across the canvas
	BannerOn   Edge
	Name       string // of the lower third
	Title      string // under the name
	Clock      string // a time, in digits
	Recording  bool   // draws a badge
	Link       string // as a QR code
	Heading    string // in the middle of the canvas, on up to two lines
	Note       string // under the heading, smaller, on up to three lines
	Message    string // what is to happen soon
	MessageFor string // how much time is left for it, in digits
}

// Edge is where a banner is.
type Edge uint8

// The edges.
const (
	Bottom Edge = iota
	Top
)

// Colour is a colour that somebody chose. The zero Colour is none.
type Colour uint32

// RGB returns the colour 0xRRGGBB, non-linear (sRGB).
func RGB(v uint32) Colour { return Colour(v&0xFFFFFF | 1<<24) }

// Logo is a picture in a corner. It is drawn over the tiles.
type Logo struct {
	Picture *image.NRGBA // whose pixels never change; nil: there is none
	Corner  Corner
	Height  int   // percent of the canvas's height
	Opacity uint8 // 255: nothing is seen through it
}

// Reaction is what a participant shows on its tile for a moment.
type Reaction struct {
	Picture string // an emoji; "" shows nothing
	Word    string // stands for it where no font has it
}

// Trim is how a tile is drawn. The zero Trim is as usual.
type Trim struct {
	Whole  bool // nothing of the picture is cut off
	Radius int  // of the corners, pixels; 0: as usual, 1: they are square
	Border int  // thickness, pixels; 0: there is one only while the participant speaks
	Bald   bool // there is no label
	Below  int  // height of the place under the tile in which the label is, pixels; 0: it is inside
}
