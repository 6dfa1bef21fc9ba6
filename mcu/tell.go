package mcu

import (
	"slices"
	"time"

	"tilemix/mcu/control"
)

// told is what everybody in a room was told last.
type told struct {
	people   []control.Person
	speaking []string
	layout   control.Layout
}

// tellInterval is the least time between two rounds of news, so that a storm of
// joins is told in a few rounds and not in one for each.
const tellInterval = 100 * time.Millisecond

// tellSoon tells everybody what is new: at once, or, shortly after a round, with
// what else is new by then.
func (r *Room) tellSoon(now time.Time) {
	if wait := tellInterval - now.Sub(r.toldAt); wait > 0 {
		r.untold.Reset(wait)
		return
	}
	r.toldAt = now
	r.tell(r.scene.Load())
}

// tell tells everybody what is new in a scene.
func (r *Room) tell(s *scene) {
	now := r.news(s)
	if !slices.EqualFunc(now.people, r.told.people, sameButSpeaking) {
		r.broadcast(control.Participants{Participants: now.people})
	}
	if !slices.Equal(now.speaking, r.told.speaking) {
		r.broadcast(control.Speaking{IDs: now.speaking})
	}
	if now.layout.Name != r.told.layout.Name || now.layout.Hidden != r.told.layout.Hidden || !slices.Equal(now.layout.Tiles, r.told.layout.Tiles) {
		r.broadcast(now.layout)
	}
	r.told = now
	for _, p := range r.members {
		if !p.told {
			p.told = true
			r.tellAll(p)
		}
	}
}

// sameButSpeaking leaves out what has a message of its own: somebody is about to
// speak or to fall silent all the time, and the list of a large room is long.
func sameButSpeaking(a, b control.Person) bool {
	a.Speaking = b.Speaking
	return a == b
}

// tellAll tells one participant all that there is to know.
func (r *Room) tellAll(p *Participant) {
	p.deliver(control.Participants{Participants: r.told.people})
	p.deliver(control.Speaking{IDs: r.told.speaking})
	p.deliver(r.told.layout)
	if len(r.recordings) > 0 {
		p.deliver(control.Recordings{Recordings: r.recordings})
	}
	if r.onAir {
		p.deliver(control.Broadcast{Active: true})
	}
}

// broadcast tells everybody who has been told all before.
func (r *Room) broadcast(m control.Message) {
	for _, p := range r.members {
		if p.told {
			p.deliver(m)
		}
	}
}

// news says in messages what a scene is like.
func (r *Room) news(s *scene) told {
	cfg := r.server.cfg
	t := told{
		people:   []control.Person{},
		speaking: []string{},
		layout: control.Layout{
			Name: r.layout, Width: cfg.Width, Height: cfg.Height,
			Tiles: []control.Tile{},
		},
	}
	for i := range s.seats {
		seat := &s.seats[i]
		t.layout.Hidden += seat.hidden
		if seat.p.viewer {
			continue
		}
		t.people = append(t.people, control.Person{
			ID: seat.p.public, Name: seat.p.name,
			AudioMuted: seat.muted || seat.voice == nil, VideoMuted: seat.cameraOff, Speaking: seat.speaking,
			Line: lineOf(seat.p),
		})
		if seat.speaking {
			t.speaking = append(t.speaking, seat.p.public)
		}
		if !seat.tile.Empty() {
			t.layout.Tiles = append(t.layout.Tiles, control.Tile{
				ID: seat.p.public, X: seat.tile.Min.X, Y: seat.tile.Min.Y,
				Width: seat.tile.Dx(), Height: seat.tile.Dy(),
			})
		}
	}
	return t
}
