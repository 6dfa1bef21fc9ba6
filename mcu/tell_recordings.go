package mcu

import "tilemix/mcu/control"

// TellRecordings tells everybody in a room, and who comes later, which recordings of it
// there are. A room that has ended is told nothing.
func (s *Server) TellRecordings(room string, all []control.Recording) {
	r := s.room(room)
	if r == nil {
		return
	}
	r.post(func() {
		r.recordings = all
		r.broadcast(control.Recordings{Recordings: all})
	})
}
