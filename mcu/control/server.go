package control

import (
	"tilemix/mcu/views"
)

// Welcome is the first message of the server to a client.
type Welcome struct {
	ICEServers []ICEServer `json:"iceServers,omitempty"`
	Resume     string      `json:"resume,omitempty"` // resume token; "": this client cannot come back
	ID         string      `json:"id"`               // the client's own ID in Participants
	Name       string      `json:"name"`
	Room       string      `json:"room"`
	Muted      *Muted      `json:"muted,omitempty"` // what a host has switched off; nil: nothing
	Standing
}

// Moved says that the client is in another room from now on, over the same connection and with the
// same ID and resume token. What else there is to know of that room follows.
type Moved struct {
	Room string `json:"room"`
}

// Waiting says that the client waits to be let into the room. The server sends it whenever Position
// changes.
type Waiting struct {
	Position int `json:"position"` // in the queue; 1 is next
}

// Admitted says that the client waits no more and is in the room, over the same connection.
type Admitted struct {
	Room string `json:"room"`
}

// Rejected says that the client is not let in. The server then ends the connection.
type Rejected struct {
	Reason string `json:"reason"` // of the host; "": there is none
}

// Participants lists everyone in the room but the viewers. The server sends the whole
// list when anything but Speaking has changed.
type Participants struct {
	Participants []Person `json:"participants"`
}

// Speaking lists the participants who speak.
type Speaking struct {
	IDs []string `json:"ids"`
}

// Layout says where each participant's tile is on the canvas of the view that the client has.
type Layout struct {
	Name   string `json:"name"`
	Width  int    `json:"width"`  // of the canvas, pixels
	Height int    `json:"height"` // of the canvas, pixels
	Tiles  []Tile `json:"tiles"`
	Hidden int    `json:"hidden,omitempty"` // number of participants without a tile
	// View is what the client sees, where it is not the room's view.
	View *views.Wish `json:"view,omitempty"`
	// Transition is how tiles come to these places from where they were in the client's view before; nil:
	// they jump.
	Transition *Transition `json:"transition,omitempty"`
}

// Uplink asks a sender to send no more video than its tiles need.
type Uplink struct {
	Width        int  `json:"width,omitempty"`        // pixels
	Height       int  `json:"height,omitempty"`       // pixels
	MaxFramerate int  `json:"maxFramerate,omitempty"` // frames per second
	MaxBitrate   int  `json:"maxBitrate,omitempty"`   // bits per second
	Active       bool `json:"active"`                 // false: send no video, because nobody receives it
	Screen       bool `json:"screen,omitempty"`       // it is about the screen that the client shares, and not its camera
}

// Rendition says which rendition of the mix the client receives.
type Rendition struct {
	Width        int  `json:"width,omitempty"`        // pixels
	Height       int  `json:"height,omitempty"`       // pixels
	MaxFramerate int  `json:"maxFramerate,omitempty"` // frames per second
	MaxBitrate   int  `json:"maxBitrate,omitempty"`   // bits per second
	Active       bool `json:"active"`                 // false: audio only
}

// Recordings lists the recordings of the room that run, and the one that just ended.
type Recordings struct {
	Recordings []Recording `json:"recordings"`
}

// Broadcast says whether the room is broadcast.
type Broadcast struct {
	Active bool `json:"active"`
}

// Error says why the server refused a message of the client.
type Error struct {
	Error string `json:"error"`
	Code  string `json:"code,omitempty"` // for programs; the guide of the protocol lists them
}

// Type returns "welcome".
func (Welcome) Type() string { return "welcome" }

// Type returns "moved".
func (Moved) Type() string { return "moved" }

// Type returns "waiting".
func (Waiting) Type() string { return "waiting" }

// Type returns "admitted".
func (Admitted) Type() string { return "admitted" }

// Type returns "rejected".
func (Rejected) Type() string { return "rejected" }

// Type returns "participants".
func (Participants) Type() string { return "participants" }

// Type returns "speaking".
func (Speaking) Type() string { return "speaking" }

// Type returns "layout".
func (Layout) Type() string { return "layout" }

// Type returns "uplink".
func (Uplink) Type() string { return "uplink" }

// Type returns "rendition".
func (Rendition) Type() string { return "rendition" }

// Type returns "recordings".
func (Recordings) Type() string { return "recordings" }

// Type returns "broadcast".
func (Broadcast) Type() string { return "broadcast" }

// Type returns "error".
func (Error) Type() string { return "error" }
