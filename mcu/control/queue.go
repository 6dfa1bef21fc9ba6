package control

import (
	"fmt"
	"strings"
	"time"
)

// MaxAdmit is how many one message lets in or refuses by their IDs. All of them have no limit.
const MaxAdmit = 100

// Lobby lists those who wait to be let into the room, in the order in which they came. It is for
// those who may let them in. A long list is cut; [RoomState] has the whole number.
type Lobby struct {
	Waiting []Waiter `json:"waiting"`
}

// Waiter is one of them.
type Waiter struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Since time.Time `json:"since"` // UTC
}

// Admit lets those in who wait: some by their IDs, or all.
type Admit struct {
	IDs []string `json:"ids,omitempty"`
	All bool     `json:"all,omitempty"`
}

// Reject refuses those who wait: some by their IDs, or all.
type Reject struct {
	IDs    []string `json:"ids,omitempty"`
	All    bool     `json:"all,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// Back sends a participant of the room back to its lobby.
type Back struct {
	ID string `json:"id"`
}

// Type returns "lobby".
func (Lobby) Type() string { return "lobby" }

// Type returns "admit".
func (Admit) Type() string { return "admit" }

// Type returns "reject".
func (Reject) Type() string { return "reject" }

// Type returns "back".
func (Back) Type() string { return "back" }

func (m Admit) fault() string {
	switch {
	case len(m.IDs) == 0 && !m.All:
		return "ids or all is missing"
	case len(m.IDs) > 0 && m.All:
		return "ids and all exclude each other"
	case len(m.IDs) > MaxAdmit:
		return fmt.Sprintf("there are more than %d ids", MaxAdmit)
	}
	return ""
}

func (m Reject) fault() string {
	if len(m.Reason) > MaxReason {
		return fmt.Sprintf("reason is longer than %d bytes", MaxReason)
	}
	return Admit{IDs: m.IDs, All: m.All}.fault()
}

func (m Back) fault() string { return missing(m.ID == "", "id") }

// Whom returns the public IDs of those whom a command is about, or its selector, for the audit log.
func Whom(command Message) string {
	several := func(ids []string, all bool) string {
		if all {
			return "all"
		}
		return strings.Join(ids, ",")
	}
	switch c := command.(type) {
	case Set:
		if c.ID == "" {
			return c.Select
		}
		return c.ID
	case Ask:
		return c.ID
	case Kick:
		return c.ID
	case Move:
		return c.ID
	case LowerThird:
		return c.ID
	case Back:
		return c.ID
	case Admit:
		return several(c.IDs, c.All)
	case Reject:
		return several(c.IDs, c.All)
	}
	return ""
}
