package views

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"tilemix/mixer/layout"
)

const (
	// MaxPins (9) is how many participants a wish pins at most.
	MaxPins = 9
	// maxHidden (64) is how many a wish hides, and maxText (64 bytes) how long a name or an ID is.
	maxHidden, maxText = 64, 64
)

// A side of a canvas has leastSide (320) to mostSide (1920) pixels, and the canvas mostArea (1920×1080)
// at most. A view has leastRate (15) to mostRate (60) pictures a second.
const (
	leastSide, mostSide = 320, 1920
	mostArea            = 1920 * 1080
	leastRate, mostRate = 15, 60
)

var (
	// ErrInvalid is wrapped by errors about wishes that are none.
	ErrInvalid = errors.New("invalid view")
	// ErrLimit is returned for a view that the server cannot draw beside those that it draws.
	ErrLimit = errors.New("the server has as many views as it can draw (--max-views). Take the view room, or one that others have")
)

// Without says which participants that send no picture have no tile.
type Without string

// Values of Without.
const (
	Never          Without = ""                 // all have tiles
	WhenOthersHave Without = "when-others-have" // those without a picture have none while others have one
	Always         Without = "always"           // those without a picture have none
)

// leaveOut is the value of Wish.Self for no tile of one's own.
const leaveOut = "leave-out"

// Wish is what a viewer, or an output, wants to see. Its JSON is an object of these fields, or a name.
// The zero Wish is the room's view.
type Wish struct {
	Layout           string   `json:"layout,omitempty"` // by its name; "": as the room has it
	Pin              []string `json:"pin,omitempty"`    // IDs of participants with large tiles, in order
	Hide             []string `json:"hide,omitempty"`   // IDs of participants without a tile
	HideWithoutVideo Without  `json:"hideWithoutVideo,omitempty"`
	Self             string   `json:"self,omitempty"`   // "leave-out": no tile of the viewer's own
	Canvas           string   `json:"canvas,omitempty"` // "720x1280", pixels; "": as the room has it
	// Overlays are those of a name that the room has, or "none"; "": those of the room.
	Overlays string `json:"overlays,omitempty"`
	FPS      int    `json:"fps,omitempty"` // pictures a second; 0: as the room has it
	// Follow is the ID of a participant: the viewer sees what that participant sees.
	Follow string `json:"follow,omitempty"`
}

// named are the names that are no layout's.
var named = []struct {
	name string
	wish Wish
}{
	{"room", Wish{}},
	{"portrait", Wish{Layout: "speaker", Canvas: "720x1280"}},
	{"grid-portrait", Wish{Layout: "grid", Canvas: "720x1280"}},
}

// Parse reads a wish: a name or JSON. The names are room, portrait, grid-portrait and those of
// layouts; "" is room. Whether there is such a layout, and such participants, is for the room to
// say. Errors wrap ErrInvalid.
func Parse(text string) (Wish, error) {
	var w Wish
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		w = byName(text)
	} else if err := json.Unmarshal([]byte(text), &w); err != nil {
		return Wish{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := w.Check(); err != nil {
		return Wish{}, err
	}
	return w, nil
}

func byName(name string) Wish {
	for _, n := range named {
		if n.name == name {
			return n.wish
		}
	}
	return Wish{Layout: name}
}

// UnmarshalJSON reads a name or an object, or a text that has the object. A field that a wish does not
// have is an error.
func (w *Wish) UnmarshalJSON(data []byte) error {
	var name string
	if json.Unmarshal(data, &name) == nil {
		if !strings.HasPrefix(name, "{") {
			*w = byName(name)
			return nil
		}
		data = []byte(name)
	}
	type plain Wish
	var p plain
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return err
	}
	*w = Wish(p)
	return nil
}

// IsZero tells whether the wish is the room's view.
func (w Wish) IsZero() bool {
	return w.Layout == "" && len(w.Pin) == 0 && len(w.Hide) == 0 && w.HideWithoutVideo == Never && w.Self == "" &&
		w.Canvas == "" && w.Overlays == "" && w.FPS == 0 && w.Follow == ""
}

// String returns the wish as Parse reads it: a name where there is one, else JSON.
func (w Wish) String() string {
	plain := w
	plain.Layout, plain.Canvas = "", ""
	if plain.IsZero() {
		for _, n := range named {
			if n.wish.Layout == w.Layout && n.wish.Canvas == w.Canvas {
				return n.name
			}
		}
		if w.Canvas == "" {
			return w.Layout
		}
	}
	data, err := json.Marshal(w)
	if err != nil {
		return "" // a wish has nothing that JSON has not
	}
	return string(data)
}

// Check returns why a wish is none, in words for a client's user. Errors wrap ErrInvalid.
func (w Wish) Check() error {
	switch {
	case len(w.Pin) > MaxPins:
		return fmt.Errorf("%w: pin has %d participants, take %d at most", ErrInvalid, len(w.Pin), MaxPins)
	case len(w.Hide) > maxHidden:
		return fmt.Errorf("%w: hide has %d participants, take %d at most", ErrInvalid, len(w.Hide), maxHidden)
	case w.HideWithoutVideo != Never && w.HideWithoutVideo != WhenOthersHave && w.HideWithoutVideo != Always && w.HideWithoutVideo != "never":
		return fmt.Errorf("%w: hideWithoutVideo is one of never, when-others-have and always, not %.40q", ErrInvalid, w.HideWithoutVideo)
	case w.Self != "" && w.Self != leaveOut && w.Self != "show":
		return fmt.Errorf("%w: self is show or leave-out, not %.40q", ErrInvalid, w.Self)
	case w.FPS != 0 && (w.FPS < leastRate || w.FPS > mostRate):
		return fmt.Errorf("%w: fps is %d to %d, not %d", ErrInvalid, leastRate, mostRate, w.FPS)
	}
	for _, id := range slices.Concat(w.Pin, w.Hide, []string{w.Layout, w.Overlays, w.Follow}) {
		if !plainText(id) {
			return fmt.Errorf("%w: %.70q is neither an ID nor the name of a layout or of overlays", ErrInvalid, id)
		}
	}
	_, err := w.size()
	return err
}

// plainText tells whether a name or an ID has nothing but letters, digits and a few signs.
func plainText(s string) bool {
	return len(s) <= maxText && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:.") == ""
}

// size returns the size of the canvas, zero for the room's.
func (w Wish) size() (image.Point, error) {
	if w.Canvas == "" {
		return image.Point{}, nil
	}
	width, height, _ := strings.Cut(w.Canvas, "x")
	x, errX := strconv.Atoi(width)
	y, errY := strconv.Atoi(height)
	if errX != nil || errY != nil || min(x, y) < leastSide || max(x, y) > mostSide || x%2 != 0 || y%2 != 0 || x*y > mostArea {
		return image.Point{}, fmt.Errorf("%w: canvas is WIDTHxHEIGHT of even numbers from %d to %d and at most %d pixels, such as 720x1280, not %.40q",
			ErrInvalid, leastSide, mostSide, mostArea, w.Canvas)
	}
	return image.Pt(x, y), nil
}

// Defaults is what a room has by itself.
type Defaults struct {
	Layout    string
	Size      image.Point // of the canvas, pixels
	FrameRate int         // pictures a second
	Has       func(id string) bool
	// Overlays returns the one name of all overlays that show the same as those of a name. nil: each has
	// its own.
	Overlays func(name string) string
}

// Key returns the wish of a participant, or of nobody, in canonical form. What the room does not have
// is left out. The wish is one that Check takes. Follow is for the caller.
func (w Wish) Key(self string, in Defaults) ViewKey {
	here := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !in.Has(id) })
	}
	k := ViewKey{Layout: w.Layout, Pinned: listOf(here(w.Pin)), Without: w.HideWithoutVideo, FrameRate: w.FPS}
	hidden := here(w.Hide)
	if w.Self == leaveOut && in.Has(self) {
		hidden = append(hidden, self)
	}
	hidden = slices.DeleteFunc(hidden, k.Pinned.Has)
	slices.Sort(hidden)
	k.Hidden = listOf(hidden)
	if k.Without == "never" {
		k.Without = Never
	}
	if k.Overlays = w.Overlays; in.Overlays != nil {
		k.Overlays = in.Overlays(w.Overlays)
	}
	if k.Size, _ = w.size(); k.Size == in.Size {
		k.Size = image.Point{}
	}
	// A clock draws at one tick of so many, so rates that are near give the same pictures.
	if every := k.Every(in.FrameRate); every == 1 {
		k.FrameRate = 0 // the clock has no more
	} else {
		k.FrameRate = max(leastRate, in.FrameRate/every)
	}
	if k.Pinned != "" && plain(k.Layout) {
		k.Layout = "speaker" // pinned participants are large in each of them
		if plain(in.Layout) {
			k.Layout = ""
		}
	}
	if k.Layout == in.Layout {
		k.Layout = ""
	}
	return k
}

// plain tells whether a layout is one that every room has.
func plain(name string) bool {
	_, ok := layout.ByName(name)
	return ok
}
