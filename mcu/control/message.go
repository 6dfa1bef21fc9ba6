// Package control is the language that clients and the server speak beside the
// media: JSON objects with a field "type", one a message. They travel over the
// WebSocket and over a data channel labelled "control".
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Types of messages. Offer, Answer, Candidate and Alive exist on the WebSocket only.
const (
	Offer        = "offer"        // client: SDP
	Answer       = "answer"       // server: SDP
	Candidate    = "candidate"    // both: Candidate
	Welcome      = "welcome"      // server: ID, Name, Room, ICEServers, Resume
	Participants = "participants" // server: Participants, the whole list when anything but Speaking has changed
	Speaking     = "speaking"     // server: IDs, all who do
	Layout       = "layout"       // client: Name; server: Name, Width, Height, Tiles, Hidden
	Uplink       = "uplink"       // server: Width, Height, MaxFramerate, MaxBitrate, Active
	Rendition    = "rendition"    // server: Width, Height, MaxFramerate, MaxBitrate, Active: what the client has of the mix
	Recordings   = "recordings"   // server: Recordings, those that run and one that just ended
	Broadcast    = "broadcast"    // server: Active
	Mute         = "mute"         // client: Audio, Video; true is off
	Chat         = "chat"         // client: Text; server: ID, Name, Text, Time
	Error        = "error"        // server: Error
	Alive        = "alive"        // client: asks whether the server hears him; server: its answer, at once
)

// What a Person's line is, where it is not good.
const (
	LineWeak = "weak" // his picture stands still or is broken
	LineLost = "lost" // he has no connection, and may come back
)

// MaxChat is the length of the longest chat message, in bytes.
const MaxChat = 2000

// ErrInvalid is wrapped by every error that Parse returns.
var ErrInvalid = errors.New("invalid control message")

// Message is any control message; Type says which fields it has.
type Message struct {
	Type string `json:"type"`

	SDP        string         `json:"sdp,omitempty"`
	Candidate  *CandidateInit `json:"candidate,omitempty"`
	ICEServers []ICEServer    `json:"iceServers,omitempty"`
	Resume     string         `json:"resume,omitempty"` // secret to come back with

	ID           string   `json:"id,omitempty"`
	Name         string   `json:"name,omitempty"`
	Room         string   `json:"room,omitempty"`
	Participants []Person `json:"participants,omitzero"`
	IDs          []string `json:"ids,omitzero"`

	Width        int    `json:"width,omitempty"`  // pixels
	Height       int    `json:"height,omitempty"` // pixels
	Tiles        []Tile `json:"tiles,omitzero"`
	Hidden       int    `json:"hidden,omitempty"`       // participants without a tile
	MaxFramerate int    `json:"maxFramerate,omitempty"` // pictures a second
	MaxBitrate   int    `json:"maxBitrate,omitempty"`   // bits a second
	Active       *bool  `json:"active,omitempty"`

	Recordings []Recording `json:"recordings,omitzero"`

	Audio *bool `json:"audio,omitempty"`
	Video *bool `json:"video,omitempty"`

	Text  string    `json:"text,omitempty"`
	Time  time.Time `json:"time,omitzero"`
	Error string    `json:"error,omitempty"`
}

// Person is a participant as the others see him.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Audio    bool   `json:"audio"` // microphone off
	Video    bool   `json:"video"` // camera off
	Speaking bool   `json:"speaking"`
	Line     string `json:"line,omitempty"` // LineWeak or LineLost, where it is not good
}

// Recording is a recording of the room.
type Recording struct {
	ID     string `json:"id"`
	State  string `json:"state"`            // starting, recording, paused, finished or failed
	Reason string `json:"reason,omitempty"` // why it ended, where nobody asked for it
}

// Tile is a participant's rectangle on the canvas, in pixels.
type Tile struct {
	ID     string `json:"id"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// ICEServer is an RTCIceServer as browsers take it.
type ICEServer struct {
	URLs       []string `json:"urls" yaml:"urls"`
	Username   string   `json:"username,omitempty" yaml:"username"`
	Credential string   `json:"credential,omitempty" yaml:"credential"`
}

// Parse reads a message of a client. Messages that only the server sends, of no
// known type, or without the fields of their type are errors.
func Parse(data []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(data, &m); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if reason := m.fault(); reason != "" {
		return Message{}, fmt.Errorf("%w: %s", ErrInvalid, reason)
	}
	return m, nil
}

// fault says what is wrong with a client's message, or nothing.
func (m *Message) fault() string {
	switch m.Type {
	case Alive:
		return ""
	case Offer, Answer:
		return need(m.SDP != "", "sdp")
	case Candidate:
		return need(m.Candidate != nil, "candidate")
	case Mute:
		return need(m.Audio != nil && m.Video != nil, "audio and video")
	case Layout:
		return need(m.Name != "", "name")
	case Chat:
		if len(m.Text) > MaxChat {
			return fmt.Sprintf("text is longer than %d bytes", MaxChat)
		}
		return need(m.Text != "" && utf8.ValidString(m.Text), "text")
	case "":
		return "type is missing"
	default:
		return fmt.Sprintf("type %.32q is unknown", m.Type)
	}
}

func need(ok bool, what string) string {
	if ok {
		return ""
	}
	return what + " is missing"
}

// CandidateInit is an RTCIceCandidateInit as browsers give it.
type CandidateInit struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}
