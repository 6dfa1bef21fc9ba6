package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Role is what a client is in a room. Its text is its name.
type Role uint8

// The roles.
const (
	Participant Role = iota
	Viewer           // only receives
	Host             // manages the room
	Recorder         // only receives, is not shown and not counted
	Interpreter      // a participant that has a tile however many there are
)

// kind is a role's name, and what it may do.
type kind struct {
	name   string
	rights Rights
}

var roles = []kind{
	Participant: {"participant", watch | publishAudio | publishVideo | publishScreen | chat | hand | ownView | roomLayout},
	Viewer:      {"viewer", watch | ownView},
	Host:        {"host", all &^ (list | metrics)},
	Recorder:    {"recorder", watch | ownView},
	Interpreter: {"interpreter", watch | publishAudio | publishVideo | publishScreen | chat | hand | ownView | roomLayout},
}

// ParseRole returns the role of a name.
func ParseRole(name string) (Role, error) {
	i := slices.IndexFunc(roles, func(k kind) bool { return k.name == name })
	if i < 0 {
		return 0, fmt.Errorf("%.40q is not a role: take participant, viewer, host, recorder or interpreter", name)
	}
	return Role(i), nil
}

// String returns the role's name.
func (r Role) String() string { return roles[r].name }

// Rights returns what a client of the role may do.
func (r Role) Rights() Rights { return roles[r].rights }

// Receives tells whether the role has no tile, because it only receives.
func (r Role) Receives() bool { return r == Viewer || r == Recorder }

// MarshalText writes the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the role's name.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}

// Grant is what a client may do and what it is known by, as its token, invite or key says. The zero
// Grant is a participant that nobody vouches for.
type Grant struct {
	Role   Role
	Rights Rights // 0: those of the role
	// First makes the client host if it is the first in the room.
	First bool

	Identity string // of the user, over all its clients; "": not known
	Name     string // that the user has, whatever the client asks for; "": as it asks
	// By says what let the client in, such as "invite:ID", "token:ID" or "key:ID"; "": nothing did.
	// A ban of the client bans it too.
	By   string
	View string // that the client gets; "": the room's
}

// May tells what the client may do.
func (g Grant) May(action string) error {
	if g.Rights == 0 {
		return g.Role.Rights().May(action)
	}
	return g.Rights.May(action)
}

// As narrows the grant to a role that its client wishes to have, such as a viewer with a participant's
// token. A host may have any role, each client may be a viewer, and an interpreter a participant. The
// rights are those that both the grant and the role have. It returns [ErrForbidden] where that is none,
// and for all other roles, so that no client gains a right.
func (g Grant) As(role Role) (Grant, error) {
	if role == g.Role {
		return g, nil
	}
	rights := g.Rights
	if rights == 0 {
		rights = g.Role.Rights()
	}
	rights &= role.Rights()
	if rights == 0 || g.Role != Host && role != Viewer && (g.Role != Interpreter || role != Participant) {
		return Grant{}, fmt.Errorf("%w: a client that is let in as %v cannot come as %v", ErrForbidden, g.Role, role)
	}
	g.Role, g.Rights, g.First = role, rights, false
	return g, nil
}

// Ban keeps a client out of a room. A client is meant if any of what is set is the client's.
type Ban struct {
	Identity string       `json:"identity,omitempty"`
	By       string       `json:"by,omitempty"` // what let it in, see Grant
	Address  netip.Prefix `json:"address,omitzero"`
	Name     string       `json:"name,omitempty"` // for people; means nobody
	Reason   string       `json:"reason,omitempty"`
	Until    time.Time    `json:"until"`
}

// Ruling is something that a client did in a room to others, or was refused, for the audit log.
type Ruling struct {
	Room   string
	Action string // of the table
	Who    string // identity, name or key of the actor
	By     string // what let the actor in
	Whom   string // public ID of the participant that it was done to; "": the room
	Err    error  // nil: it was done
}
