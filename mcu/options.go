package mcu

import (
	"net/netip"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/presence"
	"tilemix/mcu/room"
	"tilemix/mcu/seats"
	"tilemix/mcu/session"
)

// JoinOptions say who joins which room.
type JoinOptions struct {
	Room, Name string
	// Viewer only receives and has no tile.
	Viewer bool
	// Grant says what the participant may do and what it is known by. The zero Grant is a
	// participant that nobody vouches for, or a viewer.
	Grant policy.Grant
	// Send gets every control message for the participant. The room's loop calls it, so
	// it must not block. control.Plain unwraps it. It may be nil.
	Send func(control.Message)
	// Resumable gives the participant a resume token. It then stays when its control
	// connection is lost, and for 30 s after its media connection was closed. Others stay
	// for 30 s when their media connection failed, for an offer that restarts ICE.
	Resumable bool
	// Cut is called when another control connection has taken the place of this one.
	// It must not block. It may be nil.
	Cut func()

	// Fed participants have no connection: what they send is played (PlayVideo,
	// PlayAudio), and they receive nothing.
	Fed bool

	// Away says that the client is on another machine. Answers then name no loopback
	// candidate.
	Away bool

	// Wait has the participant wait in the room's lobby until it is let in (Server.Admit). It gets
	// a picture that says so, and the message "waiting".
	Wait bool

	// Rung has a relay of another node receive a rung of the ladder, from 1, whatever its path carries; 0: none. It
	// begins no room, and comes also into one that is locked or full.
	Rung int

	// Relay has a viewer receive by this node what another one mixes (Config.Relay).
	Relay bool

	// Origin is for the log.
	Origin presence.Origin

	// From is the address by which the client is counted; zero: it is not, as on loopback.
	From netip.Prefix

	path media.Path  // stands in for the network path, in tests
	seat *seats.Seat // that it had in a server that crashed
}

// options are for a room.
func (o JoinOptions) options() room.Options {
	var id, token string
	if o.seat != nil {
		id, token = o.seat.ID, o.seat.Secret
	}
	return room.Options{
		Grant:   o.Grant,
		From:    o.From,
		Seat:    o.seat,
		Options: session.Options{Name: o.Name, Viewer: o.Viewer, Resumable: o.Resumable, Injected: o.Fed, Away: o.Away, Origin: o.Origin, Rung: o.Rung, ID: id, Token: token},
		Send:    o.Send, Cut: o.Cut, Path: o.path,
	}
}

// RoomInfo says who is in a room.
type RoomInfo struct {
	Name         string `json:"name"`
	Participants int    `json:"participants"` // those with a tile
	Viewers      int    `json:"viewers"`
}
