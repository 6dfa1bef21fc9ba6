package session

import (
	"sync/atomic"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/route"
	"tilemix/mcu/silence"
)

// Connection is a session's media connection, with the number of the control connection
// that it came by. Both never change.
type Connection struct {
	peer   *rtc.Peer
	number int
	lost   atomic.Pointer[silence.Reason] // why media of it is of no use; nil: it is
}

// use makes the connection one by a peer, of a client that is on another machine, in a room that
// mixes two channels.
func (c *Connection) use(peer *rtc.Peer, away, stereo bool) {
	if away {
		peer.Away()
	}
	if stereo {
		peer.Stereo()
	}
	c.peer = peer
}

// Close ends a connection that no session has any more, or yet.
func (c *Connection) Close() { c.peer.Close() }

// useless takes note of why media that came is of no use.
func (c *Connection) useless(why silence.Reason) { c.lost.Store(&why) }

// unbound logs a stream that belongs to nothing. It is for rtc.Events.
func (c *Connection) unbound(of *Session) func(uint32, uint8, string) {
	return func(ssrc uint32, payloadType uint8, why string) {
		of.Log().Warn("media belongs to nothing that was answered", "reason", why, "ssrc", ssrc, "payload_type", payloadType)
		if why != string(route.NoOriginal) { // what a repair repairs may come alone
			c.useless(silence.Reason(why))
		}
	}
}

// Control is how a room sends control messages to a client: by the control connection, the
// data channel, or both. It belongs to the room's loop.
type Control struct {
	session *Session
	send    func(control.Message) // nil: there is no control connection
	cut     func()                // ends it; may be nil
	channel bool                  // the client opened a data channel
}

// NewControl returns the way to a session's client.
func NewControl(s *Session, send func(control.Message), cut func()) *Control {
	return &Control{session: s, send: send, cut: cut}
}

// Number returns the number of the control connection.
func (c *Control) Number() int {
	if conn := c.session.conn.Load(); conn != nil {
		return conn.number
	}
	return 0
}

// Replace ends the control connection and puts another in its place, with a new media
// connection. It returns the old media connection, which is to be closed.
func (c *Control) Replace(conn *Connection, send func(control.Message), cut func()) (old *Connection) {
	if c.cut != nil {
		c.cut()
	}
	old = c.session.conn.Load()
	conn.number = old.number + 1
	c.session.conn.Store(conn)
	c.session.heard.Store(0)
	c.send, c.cut, c.channel = send, cut, false
	return old
}

// OpenChannel says that the client opened a data channel.
func (c *Control) OpenChannel() { c.channel = true }

// CloseChannel says that the data channel has closed.
func (c *Control) CloseChannel() { c.channel = false }

// Reaches tells whether messages reach the client in any way.
func (c *Control) Reaches() bool { return c.send != nil || c.channel }

// Send sends a message by whatever ways the client has.
func (c *Control) Send(m control.Message) {
	if c.send != nil {
		c.send(m)
	}
	if !c.channel {
		return
	}
	if data, err := control.Encode(m); err == nil {
		_, spare := m.(control.Chat)
		c.session.conn.Load().peer.Send(data, spare)
	}
}
