package mcu

import (
	"sync/atomic"

	"tilemix/mcu/room"
	"tilemix/mixer/layout"
	"tilemix/mixer/motion"
)

// live is the configuration of a server, a part of which may change while it runs. It is safe for concurrent
// use.
type live struct{ now atomic.Pointer[Config] }

func newLive(cfg Config) *live {
	l := new(live)
	l.now.Store(&cfg)
	return l
}

// cfg returns the configuration of now. Nobody changes it.
func (l *live) cfg() *Config { return l.now.Load() }

// Change takes over from another configuration what may change while the server runs. ICE servers and
// the most rooms hold at once, layouts too; the most participants hold at once where they are fewer. The
// bitrates, the first layout, the most tiles, the loudness and the transition are those of rooms that begin
// from then on. Config.Check says why nothing changes. One caller at a time may call it.
func (l *live) Change(to Config) error {
	c := *l.cfg()
	c.MaxRooms, c.MaxParticipants = to.MaxRooms, to.MaxParticipants
	c.ICEServers, c.TURNServers = to.ICEServers, to.TURNServers
	c.Layout, c.Layouts, c.MaxTiles, c.Transition = to.Layout, to.Layouts, to.MaxTiles, to.Transition
	c.VideoBitrate, c.AudioBitrate, c.KeepLoudness = to.VideoBitrate, to.AudioBitrate, to.KeepLoudness
	if err := c.Check(); err != nil {
		return err
	}
	l.now.Store(&c)
	return nil
}

// layoutOf returns the layout of a name, and false where there is none.
func (l *live) layoutOf(name string) (layout.Layout, bool) { return l.cfg().layoutOf(name) }

// furnish gives a room that begins what the configuration of now says of it.
func (l *live) furnish(env *room.Env) {
	c := l.cfg()
	rungs := c.ladder()
	env.Size, env.Rungs, env.AudioBitrate, env.KeepLoudness = rungs[0].Size, rungs, c.AudioBitrate, c.KeepLoudness
	env.Layout, env.MaxTiles, env.MaxParticipants = c.Layout, c.MaxTiles, c.MaxParticipants
	env.Transition = motion.Transition{Length: c.Transition}
}
