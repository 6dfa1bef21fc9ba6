package control

import (
	"fmt"
	"unicode/utf8"

	"tilemix/mixer/motion"
)

// MaxTransition is the longest time that tiles move, in ms.
const MaxTransition = 2000

// MaxBanner is the most characters of a banner, and the most bytes of an address and a title.
const MaxBanner = 200

// Overlays is what the room's picture shows besides tiles. It replaces all of before. The zero
// Overlays show nothing. In a message pictures can only be named by their IDs, since a message is
// too small for files.
type Overlays struct {
	// Name is that by which a view chooses them, so that they are in no other; "": they are the room's.
	Name       string     `json:"name,omitempty"`
	Background Background `json:"background,omitzero"`
	Logo       Logo       `json:"logo,omitzero"`
	Banner     Banner     `json:"banner,omitzero"`
	LowerThird string     `json:"lowerThird,omitempty"` // "speaker": when somebody begins to speak; "": on command
	Clock      string     `json:"clock,omitempty"`      // time, elapsed or remaining
	Zone       string     `json:"zone,omitempty"`       // of the time, as the IANA names it; "": UTC
	Rec        bool       `json:"rec,omitempty"`        // a badge while the room is recorded
	QR         string     `json:"qr,omitempty"`         // a link, http or https
	Ending     bool       `json:"ending,omitempty"`     // the time left, in the last 5 minutes
	Waiting    Poster     `json:"waiting,omitzero"`
	// Transition is how tiles come to other places; nil: as the server has it.
	Transition *Transition `json:"transition,omitempty"`
}

// Transition is how tiles come to other places.
type Transition struct {
	MS   int         `json:"ms"` // how long they move, at most MaxTransition; 0: they jump
	Ease motion.Ease `json:"ease,omitzero"`
}

// Background is what is behind the tiles.
type Background struct {
	Colour  string `json:"colour,omitempty"`  // #RRGGBB
	Picture string `json:"picture,omitempty"` // see Logo
}

// Logo is a picture in a corner.
type Logo struct {
	// Picture is a data URL of a PNG or JPEG file, or the ID of a picture that the room has.
	Picture string `json:"picture,omitempty"`
	Corner  string `json:"corner,omitempty"`  // top-right, top-left, bottom-left or bottom-right
	Size    int    `json:"size,omitempty"`    // percent of the canvas's height, 1 to 40; 0: 12
	Opacity int    `json:"opacity,omitempty"` // percent, 1 to 100; 0: 100
}

// Banner is a text across the canvas.
type Banner struct {
	Text string `json:"text,omitempty"` // at most MaxBanner characters
	Edge string `json:"edge,omitempty"` // bottom or top
}

// Poster is what a picture shows instead of tiles while there is nothing to see. The zero Poster is never shown.
type Poster struct {
	When    string `json:"when,omitempty"`    // empty: nobody has a tile; pictures: no camera and no screen brings a picture
	Title   string `json:"title,omitempty"`   // at most MaxBanner characters; "": that of the room, where there is no picture
	Text    string `json:"text,omitempty"`    // under the title, at most MaxBanner characters
	Picture string `json:"picture,omitempty"` // that covers the canvas, see Logo; "": the background
}

// LowerThird shows the name and the title of a participant for 5 s.
type LowerThird struct {
	ID string `json:"id"`
}

// Type returns "overlays".
func (Overlays) Type() string { return "overlays" }

// Type returns "lowerThird".
func (LowerThird) Type() string { return "lowerThird" }

func (m Overlays) fault() string {
	if utf8.RuneCountInString(m.Banner.Text) > MaxBanner {
		return fmt.Sprintf("banner.text has more than %d characters", MaxBanner)
	}
	if t := m.Transition; t != nil && (t.MS < 0 || t.MS > MaxTransition) {
		return fmt.Sprintf("transition.ms is 0 to %d, not %d", MaxTransition, t.MS)
	}
	return ""
}

func (m LowerThird) fault() string { return missing(m.ID == "", "id") }
