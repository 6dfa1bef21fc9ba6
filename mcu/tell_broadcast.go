package mcu

import "tilemix/mcu/control"

// TellBroadcast tells everybody in a room, and who comes later, whether it is
// broadcast. A room that has ended is told nothing.
func (s *Server) TellBroadcast(room string, on bool) {
	r := s.room(room)
	if r == nil {
		return
	}
	r.post(func() {
		r.onAir = on
		r.broadcast(control.Broadcast{Active: on})
	})
}
