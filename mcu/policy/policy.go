// Package policy decides what a client may do: one table has each action and the right that it
// needs, and each role has a set of rights.
//
// Whatever a client asks has an action of a name: a control message its type, a request the name
// in its row of the route table. Both are judged by [Rights.May]. An action that the table does not
// have is forbidden.
package policy

import (
	"errors"
	"fmt"
	"slices"
)

// ErrForbidden is returned for what a client may not do.
var ErrForbidden = errors.New("forbidden")

// Rights is a set of what a client may do.
type Rights uint32

// The rights, by their names in tokens.
const (
	watch Rights = 1 << iota
	publishAudio
	publishVideo
	publishScreen
	chat
	hand
	ownView
	roomLayout
	moderate
	record
	broadcast
	invite
	settings
	list
	metrics
	all Rights = 1<<iota - 1
)

// names are the rights' names, in order of their bits.
var names = []string{
	"watch", "publish.audio", "publish.video", "publish.screen", "chat", "hand", "view.own", "layout",
	"moderate", "record", "broadcast", "invite", "settings", "list", "metrics",
}

// need is what each action needs: one of these rights.
var need = map[string]Rights{
	// What a client does for itself.
	"connect": watch, "offer": watch, "answer": watch, "candidate": watch, "alive": watch, "receive": watch, "leave": watch, "report": watch,
	"watch": watch, "publish": publishAudio | publishVideo | publishScreen,
	"publish.audio": publishAudio, "publish.video": publishVideo, "publish.screen": publishScreen,
	"mute": publishAudio | publishVideo, "name": publishAudio | publishVideo, "chat": chat, "hand": hand, "view": ownView, "layout": roomLayout, "reaction": hand,

	// What hosts do. "participants" tells who is there, with what only hosts are to know.
	"participants": moderate, "set": moderate, "ask": moderate, "kick": moderate, "move": moderate,
	"spotlight": moderate, "hands": moderate, "message": moderate, "bans": moderate,
	"waiting": moderate, "admit": moderate, "reject": moderate, "back": moderate,
	"lock": settings, "history": settings, "room": settings, "end": settings, "invites": invite,
	"record": record, "recordings": record, "broadcast": broadcast, "outputs": broadcast, "inputs": broadcast,
	"stats": moderate | metrics, "events": moderate, "overlays": moderate, "lowerThird": moderate,

	// What programs do beyond one room.
	"rooms": list, "status": list, "keys": settings, "drain": settings, "layouts": settings, "metrics": metrics,
}

// Actions returns the names of all actions, sorted.
func Actions() []string {
	var out []string
	for action := range need {
		out = append(out, action)
	}
	slices.Sort(out)
	return out
}

// All is every right.
func All() Rights { return all }

// ParseRights returns the rights of these names. It names the first that is none.
func ParseRights(of []string) (Rights, error) {
	var r Rights
	for _, name := range of {
		i := slices.Index(names, name)
		if i < 0 {
			return 0, fmt.Errorf("%.40q is not a right: take one of %v", name, names)
		}
		r |= 1 << i
	}
	return r, nil
}

// Names returns the names of the rights.
func (r Rights) Names() []string {
	out := []string{}
	for i, name := range names {
		if r&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// May returns nil, or ErrForbidden with what is missing, in words for the client's user.
func (r Rights) May(action string) error {
	needed, known := need[action]
	switch {
	case !known:
		return fmt.Errorf("%w: nobody may do %.40q here", ErrForbidden, action)
	case r&needed == 0:
		return fmt.Errorf("%w: %q needs the right %q", ErrForbidden, action, needed.Names()[0])
	}
	return nil
}
