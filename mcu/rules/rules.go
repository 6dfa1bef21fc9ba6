// Package rules has what was decided about a room beforehand: its title, when it is open, how many
// it takes, and which clients wait in its lobby.
//
// The server asks the rules when a client comes ([Terms.Admits], [Terms.Waits]) and when a room
// begins ([Terms.End]). Time is an argument.
package rules

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tilemix/mcu/policy"
)

// The lobbies.
const (
	NoLobby   Lobby = "off"        // nobody waits
	Guests    Lobby = "guests"     // those wait for whom nobody vouches
	All       Lobby = "all"        // all wait but hosts
	UntilHost Lobby = "until-host" // all wait until a host is there, who lets all in by coming
)

// What happens when the last host leaves.
const (
	stay HostLeaves = "stay" // nothing; the first in an open room has a successor
	Pass HostLeaves = "pass" // the participant that has been there longest is host
	Lock HostLeaves = "lock" // nobody but hosts comes in any more
	End  HostLeaves = "end"  // the call ends for all
)

// HostLeaves says what happens when a room's last host leaves. Empty is "stay".
type HostLeaves string

// Lobby says which clients wait until they are let in.
type Lobby string

// Values of Terms.Recording: nobody can record the room, who has the right to can, and each call is
// recorded from its beginning.
const noRecording, mayRecord, autoRecording = "off", "allowed", "auto"

// longestEmpty (3600) is the longest EmptyTimeout, in seconds.
const longestEmpty = 3600

var (
	// ErrBad is returned for rules that cannot be.
	ErrBad = errors.New("bad rules of a room")
	// ErrEarly is returned for a room that is not open yet.
	ErrEarly = errors.New("the room is not open yet")
	// ErrOver is returned for a room whose time has passed.
	ErrOver = errors.New("the room's time is over")
)

// longest bounds titles, in bytes; most bounds numbers of participants.
const (
	longest = 200
	most    = 10_000
)

// Caps are most participants of a room; 0 is the server's own limit.
type Caps struct {
	Total      int `json:"total,omitempty"`
	Publishers int `json:"publishers,omitempty"` // those with a tile
	Viewers    int `json:"viewers,omitempty"`
}

// Terms are the rules of one room. The zero Terms let anybody in at any time.
type Terms struct {
	Title string `json:"title,omitempty"`
	Lock  bool   `json:"lock,omitempty"` // nobody but hosts comes in
	Lobby Lobby  `json:"lobby,omitempty"`

	MaxParticipants Caps      `json:"maxParticipants,omitzero"`
	NotBefore       time.Time `json:"notBefore,omitzero"`
	Expires         time.Time `json:"expires,omitzero"`
	MaxDuration     int       `json:"maxDuration,omitempty"` // seconds of a call; 0: any

	// EmptyTimeout is how long the call goes on when nobody is in it any more, in seconds. A recording and
	// a broadcast then go on too.
	EmptyTimeout int `json:"emptyTimeout,omitempty"`
	// Recording says whether the room is recorded: "off", "allowed" or "auto"; "": as "allowed".
	Recording string `json:"recording,omitempty"`

	HostLeaves HostLeaves `json:"hostLeaves,omitempty"`
	// ChatHistory has the room keep its chat for those who come later.
	ChatHistory bool `json:"chatHistory,omitempty"`
	// Auth is what a client needs to enter: "open", "invite" or "token"; "": as the server says.
	Auth string `json:"auth,omitempty"`
}

// Called returns what people call a room of a name.
func (r Terms) Called(name string) string { return cmp.Or(r.Title, name) }

// Check returns nil, or ErrBad with what is wrong.
func (r Terms) Check() error {
	l := r.MaxParticipants
	switch {
	case len(r.Title) > longest:
		return fmt.Errorf("%w: title has more than %d bytes", ErrBad, longest)
	case r.Lobby != "" && r.Lobby != NoLobby && r.Lobby != Guests && r.Lobby != All && r.Lobby != UntilHost:
		return fmt.Errorf("%w: lobby is one of off, guests, all and until-host, not %.40q", ErrBad, string(r.Lobby))
	case min(l.Total, l.Publishers, l.Viewers) < 0 || max(l.Total, l.Publishers, l.Viewers) > most:
		return fmt.Errorf("%w: numbers in maxParticipants are from 0 to %d", ErrBad, most)
	case r.HostLeaves != "" && r.HostLeaves != stay && r.HostLeaves != Pass && r.HostLeaves != Lock && r.HostLeaves != End:
		return fmt.Errorf("%w: hostLeaves is one of stay, pass, lock and end, not %.40q", ErrBad, string(r.HostLeaves))
	case r.Auth != "" && r.Auth != open && r.Auth != "invite" && r.Auth != "token":
		return fmt.Errorf("%w: auth is one of open, invite and token, not %.40q", ErrBad, r.Auth)
	case r.EmptyTimeout < 0 || r.EmptyTimeout > longestEmpty:
		return fmt.Errorf("%w: emptyTimeout is in seconds, from 0 to %d", ErrBad, longestEmpty)
	case r.Recording != "" && r.Recording != noRecording && r.Recording != mayRecord && r.Recording != autoRecording:
		return fmt.Errorf("%w: recording is one of off, allowed and auto, not %.40q", ErrBad, r.Recording)
	case r.MaxDuration < 0:
		return fmt.Errorf("%w: maxDuration is in seconds, 0 or more", ErrBad)
	case !r.NotBefore.IsZero() && !r.Expires.IsZero() && !r.NotBefore.Before(r.Expires):
		return fmt.Errorf("%w: expires is not after notBefore", ErrBad)
	}
	return nil
}

// open is the Auth of a room that asks for nothing.
const open = "open"

// Vouched tells whether a host of another room may bring participants that have not entered this one
// by themselves: only where the room's own rules ask clients for nothing.
func (r Terms) Vouched() bool { return r.Auth == "" || r.Auth == open }

// MayRecord tells whether those who have the right to can record the room.
func (r Terms) MayRecord() bool { return r.Recording != noRecording }

// Recorded tells whether each call is recorded from its beginning.
func (r Terms) Recorded() bool { return r.Recording == autoRecording }

// Rests returns how long before the end of a call those in it are told that it ends.
func Rests() []time.Duration { return []time.Duration{5 * time.Minute, time.Minute} }

// Admits returns nil, or why a client may not come now. Hosts may come early.
func (r Terms) Admits(g policy.Grant, now time.Time) error {
	switch {
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return ErrOver
	case now.Before(r.NotBefore) && g.Role != policy.Host:
		return fmt.Errorf("%w: it opens at %s", ErrEarly, r.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// Waits tells whether a client is to wait in the lobby. hosted says that a host is in the room.
func (r Terms) Waits(g policy.Grant, hosted bool) bool {
	if g.Role == policy.Host || g.Role == policy.Recorder {
		return false
	}
	switch r.Lobby {
	case Guests:
		return g.By == "" && g.Identity == ""
	case All:
		return true
	case UntilHost:
		return !hosted
	}
	return false
}

// End returns when a call that begins now has to end; ok is false for never.
func (r Terms) End(now time.Time) (at time.Time, ok bool) {
	if r.MaxDuration > 0 {
		at, ok = now.Add(time.Duration(r.MaxDuration)*time.Second), true
	}
	if !r.Expires.IsZero() && (!ok || r.Expires.Before(at)) {
		at, ok = r.Expires, true
	}
	return at, ok
}

// Full tells whether a room has no place for one more: it has seated clients, of which some only
// receive, as the next one does if receives is true.
func (r Terms) Full(seated, receiving int, receives bool) bool {
	l := r.MaxParticipants
	over := func(n, limit int) bool { return limit > 0 && n >= limit }
	return over(seated, l.Total) || receives && over(receiving, l.Viewers) || !receives && over(seated-receiving, l.Publishers)
}
