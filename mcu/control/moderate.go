package control

import (
	"encoding/json"
	"fmt"

	"tilemix/mcu/views"
)

// MaxReason is the longest reason or title of a host, in bytes.
const MaxReason = 500

// Hand raises or lowers the client's own hand.
type Hand struct {
	Raised bool `json:"raised"`
}

// Set changes what participants are like: one by its ID, or all that Select chooses. Fields that
// are nil stay as they are.
type Set struct {
	ID     string   `json:"id,omitempty"`
	Select string   `json:"select,omitempty"` // "all", "role:ROLE" or "hand"
	Except []string `json:"except,omitempty"` // IDs

	Audio     *SetMedia `json:"audio,omitempty"`
	Video     *SetMedia `json:"video,omitempty"`
	Name      *string   `json:"name,omitempty"`
	Title     *string   `json:"title,omitempty"` // under the name in a lower third, at most MaxBanner bytes
	Role      *string   `json:"role,omitempty"`
	Hand      *bool     `json:"hand,omitempty"`
	Spotlight *bool     `json:"spotlight,omitempty"`
	// View is what the participants see from now on. ViewLocked keeps them from changing it.
	View       *views.Wish `json:"view,omitempty"`
	ViewLocked *bool       `json:"viewLocked,omitempty"`
}

// SetMedia switches a microphone or a camera off, and holds it so. Nobody but its owner switches
// it on.
type SetMedia struct {
	Muted  *bool `json:"muted,omitempty"`  // true
	Locked *bool `json:"locked,omitempty"` // its owner cannot switch it on
}

// Ask asks a participant to switch its microphone or its camera on.
type Ask struct {
	ID    string `json:"id"`
	Audio bool   `json:"audio,omitempty"`
	Video bool   `json:"video,omitempty"`
}

// Kick removes a participant, and bans it unless Ban says otherwise.
type Kick struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"`
	Ban    Ban    `json:"ban,omitzero"`
}

// Ban says how a removed participant is kept out. Its JSON is an object, or false for not at all.
type Ban struct {
	Not     bool `json:"not,omitempty"`
	Seconds int  `json:"seconds,omitempty"` // 0: a day
	Address bool `json:"address,omitempty"` // all clients of its address too
}

// Move takes a participant to another room.
type Move struct {
	ID   string `json:"id"`
	Room string `json:"room"`
}

// Lock lets nobody but hosts come in any more, or again everybody.
type Lock struct {
	Locked bool `json:"locked"`
}

// End ends the call for all.
type End struct {
	Reason string `json:"reason,omitempty"`
}

// Announce says something to all in the room, in the name of its hosts.
type Announce struct {
	Text string `json:"text"` // 1 to MaxChat bytes
}

// Type returns "hand".
func (Hand) Type() string { return "hand" }

// Type returns "set".
func (Set) Type() string { return "set" }

// Type returns "ask".
func (Ask) Type() string { return "ask" }

// Type returns "kick".
func (Kick) Type() string { return "kick" }

// Type returns "move".
func (Move) Type() string { return "move" }

// Type returns "lock".
func (Lock) Type() string { return "lock" }

// Type returns "end".
func (End) Type() string { return "end" }

// Type returns "message".
func (Announce) Type() string { return "message" }

func (m Set) fault() string {
	switch {
	case m.ID == "" && m.Select == "":
		return "id or select is missing"
	case m.ID != "" && m.Select != "":
		return "id and select exclude each other"
	case m.Audio != nil && m.Audio.Muted != nil && !*m.Audio.Muted, m.Video != nil && m.Video.Muted != nil && !*m.Video.Muted:
		return "muted can only be true: nobody but its owner switches a device on, ask for it"
	case m.View != nil && m.View.Check() != nil:
		return m.View.Check().Error()
	}
	if m.Title != nil && len(*m.Title) > MaxBanner {
		return fmt.Sprintf("title is longer than %d bytes", MaxBanner)
	}
	return ""
}

func (m Ask) fault() string {
	return missing(m.ID == "" || !m.Audio && !m.Video, "id, or audio or video,")
}

func (m Kick) fault() string {
	if len(m.Reason) > MaxReason || m.Ban.Seconds < 0 {
		return fmt.Sprintf("reason is longer than %d bytes, or seconds are below 0", MaxReason)
	}
	return missing(m.ID == "", "id")
}

func (m Move) fault() string { return missing(m.ID == "" || m.Room == "", "id or room") }

func (m End) fault() string {
	if len(m.Reason) > MaxReason {
		return fmt.Sprintf("reason is longer than %d bytes", MaxReason)
	}
	return ""
}

func (m Announce) fault() string { return tooLong(m.Text) }

// Check returns why a message of a client is not valid, for those that did not come by Parse. It
// wraps ErrInvalid.
func Check(m Message) error {
	if c, ok := m.(interface{ fault() string }); ok {
		if fault := c.fault(); fault != "" {
			return fmt.Errorf("%w: %s", ErrInvalid, fault)
		}
	}
	return nil
}

// UnmarshalJSON takes false, true or an object.
func (b *Ban) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil // as if it were absent
	}
	var whether bool
	if json.Unmarshal(data, &whether) == nil {
		*b = Ban{Not: !whether}
		return nil
	}
	type plain Ban
	return json.Unmarshal(data, (*plain)(b))
}
