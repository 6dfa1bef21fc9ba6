package mcu

import (
	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
)

// rungChanged has the loop tell a viewer which rendition he has. It is called by the
// picture clock and returns false when the loop is too busy to be told now.
func (r *Room) rungChanged(p *Participant, rung ladder.Rung) bool {
	f := func() {
		p.rung = &rung
		p.tellRendition()
	}
	select {
	case r.calls <- f:
		return true
	default:
		return false
	}
}

// tellRendition tells a viewer which rendition he has, if he has one.
func (p *Participant) tellRendition() {
	if p.rung == nil {
		return
	}
	p.deliver(control.Rendition{
		Width: p.rung.Size.X, Height: p.rung.Size.Y,
		MaxFramerate: p.rung.FrameRate, MaxBitrate: p.rung.Bitrate, Active: *p.rung != ladder.Rung{},
	})
}
