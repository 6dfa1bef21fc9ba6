package control

import (
	"fmt"
	"time"
)

const (
	// MaxChat is the length of the longest chat message, in bytes.
	MaxChat = 2000
	// MinReceive is the least bitrate that a client can ask for, in bits a second.
	MinReceive = 64_000
)

// SendChat asks the server to pass a text or a file to everyone in the room, or to one participant.
type SendChat struct {
	Text string `json:"text,omitempty"` // at most MaxChat bytes; it may be empty with a file
	To   string `json:"to,omitempty"`   // ID of the only participant that gets it; "": all do
	File string `json:"file,omitempty"` // ID of a file that was uploaded for the room; "": there is none
}

// KeepChat has the room keep its chat for those who come later, or no longer.
type KeepChat struct {
	Kept bool `json:"kept"`
}

// Rename changes the client's own name.
type Rename struct {
	Name string `json:"name"`
}

// Receive says how much the client wants to receive, whatever its network carries.
type Receive struct {
	MaxBitrate int `json:"maxBitrate,omitempty"` // of picture and sound, bits a second, at least MinReceive; 0: any
}

// Chat is a text or a file that a participant sent to the room.
type Chat struct {
	ID   string    `json:"id"`   // of the participant
	Name string    `json:"name"` // of the participant
	Text string    `json:"text"`
	Time time.Time `json:"time"` // when the server received it, UTC
	// To and ToName are the ID and the name of the only other participant that gets the message.
	To     string    `json:"to,omitempty"`
	ToName string    `json:"toName,omitempty"`
	File   *ChatFile `json:"file,omitempty"`
}

// ChatFile is a file that a participant has uploaded for the room.
type ChatFile struct {
	ID      string    `json:"id"`   // secret of the room: the end of the file's address
	Name    string    `json:"name"` // as the participant calls it; no path
	Size    int       `json:"size"` // bytes
	Expires time.Time `json:"expires"`
}

// History is the chat of before the client came, oldest first, where hosts have the room keep it.
type History struct {
	Messages []Chat `json:"messages"`
}

// Type returns "chat".
func (SendChat) Type() string { return "chat" }

// Type returns "history".
func (KeepChat) Type() string { return "history" }

// Type returns "name".
func (Rename) Type() string { return "name" }

// Type returns "receive".
func (Receive) Type() string { return "receive" }

// Type returns "chat".
func (Chat) Type() string { return "chat" }

// Type returns "history".
func (History) Type() string { return "history" }

func (m SendChat) fault() string {
	if len(m.Text) > MaxChat {
		return tooLong(m.Text)
	}
	return missing(m.Text == "" && m.File == "", "text or file")
}

func (m Rename) fault() string { return missing(m.Name == "", "name") }

func (m Receive) fault() string {
	if m.MaxBitrate != 0 && m.MaxBitrate < MinReceive {
		return fmt.Sprintf("maxBitrate is 0 or at least %d", MinReceive)
	}
	return ""
}

// tooLong returns what is wrong with a text to all.
func tooLong(text string) string {
	if len(text) > MaxChat {
		return fmt.Sprintf("text is longer than %d bytes", MaxChat)
	}
	return missing(text == "", "text")
}
