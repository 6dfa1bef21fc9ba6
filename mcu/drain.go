package mcu

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tilemix/mcu/control"
)

// reopen has rooms begin again in a server that drained.
func reopen(s *Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drains = false
	for _, e := range s.rooms {
		s.wg.Go(func() { e.EndsAt(time.Time{}, true) })
	}
}

// tell sends a message to all in a room, and to those who wait for it.
func tell(s *Server, room string, m control.Message) {
	for _, r := range s.named(room) {
		r.Tell(m)
	}
}

// drain closes a server for new rooms, and tells all participants the time until the server stops, in words and in
// the picture. rest 0: they are not told.
func drain(s *Server, rest time.Duration) {
	s.mu.Lock()
	s.drains = true
	all := append(slices.Collect(maps.Values(s.rooms)), slices.Collect(maps.Values(s.lobbies))...)
	all = append(all, slices.Collect(maps.Values(s.relays))...)
	rooms := slices.Collect(maps.Values(s.rooms))
	for _, e := range rooms {
		(vacancy{s, e}).release(e.held)
	}
	s.mu.Unlock()
	if rest <= 0 {
		return
	}
	seconds := max(1, int(rest.Round(time.Second)/time.Second))
	say := control.Announcement{By: "tilemix", Text: "This server stops in " + words(seconds) + ".", ClosesIn: seconds}
	for _, e := range all {
		e.Tell(say)
	}
	at := time.Now().Add(rest)
	for _, e := range rooms {
		e.EndsAt(at, true)
	}
}

// words returns a number of seconds for people.
func words(seconds int) string {
	switch minutes := (seconds + 30) / 60; {
	case seconds == 1:
		return "one second"
	case seconds < 90:
		return fmt.Sprintf("%d seconds", seconds)
	default:
		return fmt.Sprintf("%d minutes", minutes)
	}
}
