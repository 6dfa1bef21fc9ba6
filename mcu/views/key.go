package views

import (
	"image"
	"slices"
	"strconv"
	"strings"
)

// IDs are public IDs of participants as one value that can be compared. The zero value has none.
type IDs string

// listOf returns IDs in the order given, each once.
func listOf(ids []string) IDs {
	var all []string
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return IDs(strings.Join(all, ","))
}

// All returns the IDs in their order. It allocates.
func (l IDs) All() []string {
	if l == "" {
		return nil
	}
	return strings.Split(string(l), ",")
}

// Has tells whether an ID is among them. It does not allocate.
func (l IDs) Has(id string) bool { return l.Place(id) >= 0 }

// Place returns the place of an ID in the order, -1 where it is not among them. It does not allocate.
func (l IDs) Place(id string) int {
	rest, place := string(l), 0
	for rest != "" {
		var first string
		if first, rest, _ = strings.Cut(rest, ","); first == id {
			return place
		}
		place++
	}
	return -1
}

// ViewKey is a view in canonical form. Views with equal keys are one view. The zero ViewKey is the view that
// a room has by itself.
type ViewKey struct {
	Layout string // "": as the room has it
	// Pinned have the large tiles, in this order. Hidden have no tile; they are sorted.
	Pinned, Hidden IDs
	Without        Without     // which participants without a camera have no tile
	Size           image.Point // of the canvas, pixels; zero: as the room has it
	FrameRate      int         // pictures a second; 0: as the room has it
	Overlays       string      // by their name; "": those of the room
}

// Wish returns the wish that gives the key.
func (k ViewKey) Wish() Wish {
	w := Wish{Layout: k.Layout, Pin: k.Pinned.All(), Hide: k.Hidden.All(), HideWithoutVideo: k.Without, FPS: k.FrameRate, Overlays: k.Overlays}
	if k.Size != (image.Point{}) {
		w.Canvas = strconv.Itoa(k.Size.X) + "x" + strconv.Itoa(k.Size.Y)
	}
	return w
}

// Every returns at one of how many ticks a clock of a rate, in ticks a second, draws the view.
func (k ViewKey) Every(clock int) int {
	if k.FrameRate <= 0 {
		return 1
	}
	return max(1, (clock+k.FrameRate/2)/k.FrameRate)
}

// String returns the key as [Parse] reads it: a name where there is one, else JSON.
func (k ViewKey) String() string { return k.Wish().String() }
