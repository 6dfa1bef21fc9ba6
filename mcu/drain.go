package mcu

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tilemix/mcu/control"
)

// drain closes a server for new rooms, and tells all participants the time until the server stops.
func drain(s *Server, rest time.Duration) {
	s.mu.Lock()
	s.drains = true
	all := append(slices.Collect(maps.Values(s.rooms)), slices.Collect(maps.Values(s.lobbies))...)
	for _, e := range s.rooms {
		(vacancy{s, e}).release(e.held)
	}
	s.mu.Unlock()
	seconds := max(1, int(rest.Round(time.Second)/time.Second))
	say := control.Announcement{By: "tilemix", Text: "This server stops in " + words(seconds) + ".", ClosesIn: seconds}
	for _, e := range all {
		e.Tell(say)
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
