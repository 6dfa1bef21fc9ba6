package mcu

import "tilemix/mcu/event"

// happen tells the outside of an event, if somebody wants to know.
func (s *Server) happen(e event.Event) {
	if s.cfg.Events != nil {
		s.cfg.Events(e)
	}
}

// happen tells the outside what he did.
func (p *Participant) happen(kind event.Type) {
	e := event.New(kind, p.room.name)
	e.Participant = &event.Participant{ID: p.public, Name: p.name, Viewer: p.viewer}
	p.room.server.happen(e)
}
