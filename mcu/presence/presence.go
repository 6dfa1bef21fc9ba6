// Package presence is the life of one participant in a room, as a state machine.
// Time is an argument; nothing here runs.
//
//	          media up              media down
//	Joining ───────────▶ Connected ◀──────────▶ Lost
//	   │                     │ goodbye            │ goodbye
//	   │                     ▼                    ▼
//	   │                  Leaving ◀───────────────┘
//	   │ no media in 20 s    │ 5 s                │ 30 s
//	   └────────────────────▶└──────▶ Left ◀──────┘
//
// A participant has a tile from the first time that its media is up until it has left.
// A participant with a resume token may come back (Resume) from every state but Left.
// A participant without one, such as a WHIP client, has left as soon as it closes its
// media connection or loses its control connection. When ICE fails it is only Lost,
// because an offer that restarts ICE needs no token.
//
// # Why
//
// A participant is not its connection. A client that has the resume token gets a new peer, and
// the old peer is closed in a goroutine that the room waits for. Tile, name and mute state
// stay, and the old camera's last picture is shown while there is one. A page that lost only
// its WebSocket does the same, so there is one way to come back and not two.
//
// The server cannot distinguish a page that was closed from one that reloads, so both have 5
// s. A WHIP client has no resume token, but its session's URL: if ICE fails, the server keeps
// the tile for 30 s and accepts an ICE restart, or a new offer of the same client. If the client closes its connection, the
// server removes the participant at once. Messages from a control connection that was
// replaced are ignored. Coming back is bounded to one a second and five at once, because each
// time costs a connection that is made and one that ends.
package presence

import "time"

const (
	// ConnectTimeout (20 s) is how long the media of a participant may take to be up,
	// after joining and after coming back. It is a little more than the web client
	// waits, because the web client tells its user best what is wrong.
	ConnectTimeout = 20 * time.Second
	// GraceLost (30 s) is how long a participant without media may come back.
	GraceLost = 30 * time.Second
	// GraceGone (5 s) is the same after a goodbye. A page says goodbye when it is
	// closed and when it is loaded anew, and the server cannot tell these apart.
	GraceGone = 5 * time.Second
)

// State is where a participant is in its life.
type State uint8

// The states, in the order of a life.
const (
	Joining   State = iota // its media has never been up; it has no tile
	Connected              // its media is up
	Lost                   // its media was up and is not; it may come back
	Leaving                // its client said goodbye; it may come back, for a shorter time
	Left                   // it is no longer in the room
)

// String names the state.
func (s State) String() string {
	return [...]string{"joining", "connected", "lost", "leaving", "left"}[s]
}

// Presence is the state of one participant. It belongs to one goroutine, the room's
// loop.
type Presence struct {
	state     State
	resumable bool
	media     bool // is up; invariant: false in Joining, Lost and Left, true in Connected
	control   bool // its control connection is lost
	deadline  time.Time
}

// Join returns the presence of a participant that joins at now. Resumable says that it
// has a resume token.
func Join(resumable bool, now time.Time) Presence {
	return Presence{resumable: resumable, deadline: now.Add(ConnectTimeout)}
}

// Inject returns the presence of a participant whose media comes from inside the server.
// It is Connected at once and stays so until it leaves.
func Inject() Presence { return Presence{state: Connected, media: true} }

// State returns the state.
func (p *Presence) State() State { return p.state }

// HasTile tells whether the participant has a place in the picture.
func (p *Presence) HasTile() bool { return p.state != Joining && p.state != Left }

// MediaUp tells whether the participant's media connection stands, so that media can be
// sent to it.
func (p *Presence) MediaUp() bool { return p.media }

// MediaLost tells whether the media was up and is not.
func (p *Presence) MediaLost() bool { return p.HasTile() && !p.media }

// ControlLost tells whether the control connection is lost.
func (p *Presence) ControlLost() bool { return p.control }

// Deadline returns when the participant has left unless something happens before;
// false: never. A participant whose media is up has none, even without a control
// connection, because its client notices and comes back.
func (p *Presence) Deadline() (time.Time, bool) {
	return p.deadline, p.state != Connected && p.state != Left
}

// Connect takes note that the media is up. A goodbye stays in force.
func (p *Presence) Connect() {
	switch p.state {
	case Joining, Lost:
		p.state, p.media = Connected, true
	case Leaving:
		p.media = true
	case Connected, Left:
	}
}

// Disconnect takes note that the media connection ended at now. Failed says that ICE
// failed, else it was closed.
func (p *Presence) Disconnect(failed bool, now time.Time) {
	was := p.state
	if was == Left {
		return
	}
	p.media = false
	switch {
	case !p.resumable && (!failed || was == Joining):
		p.Leave()
	case was == Connected:
		p.state, p.deadline = Lost, now.Add(GraceLost)
	}
}

// LoseControl takes note that the control connection was lost at now, or, as goodbye
// says, that the client ended it on purpose.
func (p *Presence) LoseControl(goodbye bool, now time.Time) {
	if p.state == Left {
		return
	}
	p.control = true
	switch {
	case !p.resumable || p.state == Joining:
		p.Leave()
	case goodbye:
		p.state, p.deadline = Leaving, now.Add(GraceGone)
	default:
		p.deadline = now.Add(GraceLost)
		if p.state == Leaving {
			p.state = p.without()
		}
	}
}

// without is the state that Leaving becomes when the goodbye no longer counts.
func (p *Presence) without() State {
	if p.media {
		return Connected
	}
	return Lost
}

// Resume takes note that the client came back at now, over a new control connection and
// with a media connection that is yet to be made.
func (p *Presence) Resume(now time.Time) {
	if p.state == Left {
		return
	}
	p.media, p.control, p.deadline = false, false, now.Add(ConnectTimeout)
	if p.state != Joining {
		p.state = Lost
	}
}

// Expire takes note of the time. It returns true when the deadline has passed, and the
// participant has left by it.
func (p *Presence) Expire(now time.Time) bool {
	deadline, ok := p.Deadline()
	if !ok || now.Before(deadline) {
		return false
	}
	p.Leave()
	return true
}

// Leave makes the participant leave, from whatever state.
func (p *Presence) Leave() { p.state, p.media = Left, false }
