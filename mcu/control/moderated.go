package control

import "time"

// Standing is what the client may do: its role, and its rights by their names. It is sent when it
// changes; "welcome" has it too.
type Standing struct {
	Role   string   `json:"role,omitempty"`
	Rights []string `json:"rights,omitempty"`
}

// Muted tells a participant that a host has switched its microphone or camera off, or holds it so.
// Fields are as the devices are now.
type Muted struct {
	By          string `json:"by"` // name of the host
	AudioMuted  bool   `json:"audioMuted"`
	VideoMuted  bool   `json:"videoMuted"`
	AudioLocked bool   `json:"audioLocked,omitempty"` // the participant cannot switch it on
	VideoLocked bool   `json:"videoLocked,omitempty"`
}

// Asked tells a participant that a host asks it to switch its microphone or camera on.
type Asked struct {
	By    string `json:"by"`
	Audio bool   `json:"audio,omitempty"`
	Video bool   `json:"video,omitempty"`
}

// RoomState is what all in the room know of it.
type RoomState struct {
	Title   string `json:"title,omitempty"`
	Locked  bool   `json:"locked,omitempty"`
	Waiting int    `json:"waiting,omitempty"` // number of those in the lobby
	History bool   `json:"history,omitempty"` // those who come later get the chat of before
}

// Announcement is what a host says to all, or the server, which is about to stop.
type Announcement struct {
	By       string `json:"by"`
	Text     string `json:"text"`
	ClosesIn int    `json:"closesIn,omitempty"` // seconds until the server stops; 0: it does not
}

// Removed is the last message to a participant that is not to come back by itself.
type Removed struct {
	Code   string    `json:"code"` // "kicked", "banned", "ended", "rejected"
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // end of a ban
}

// Relocate says that the room goes on at another server of the cluster. The client joins there with its resume
// token, and keeps this connection until media comes over the other one. The server repeats it.
type Relocate struct {
	URL      string `json:"url,omitempty"`      // of that server, for clients that came by From
	From     string `json:"from,omitempty"`     // URL of this server; clients that came by another keep their address
	ClosesIn int    `json:"closesIn,omitempty"` // seconds until this server stops; 0: it does not
}

// Type returns "standing".
func (Standing) Type() string { return "standing" }

// Type returns "muted".
func (Muted) Type() string { return "muted" }

// Type returns "asked".
func (Asked) Type() string { return "asked" }

// Type returns "room".
func (RoomState) Type() string { return "room" }

// Type returns "message".
func (Announcement) Type() string { return "message" }

// Type returns "removed".
func (Removed) Type() string { return "removed" }

// Type returns "relocate".
func (Relocate) Type() string { return "relocate" }
