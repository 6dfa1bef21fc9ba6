package signaling_test

import (
	"fmt"
	"slices"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
)

// server is a real server that a test can stop early.
type server struct {
	*mcu.Server
	close func()
}

// newServer returns a real server that ends with the test.
func newServer(t testing.TB) *server {
	t.Helper()
	return newServerOf(t, mcu.DefaultConfig())
}

func newServerOf(t testing.TB, cfg mcu.Config) *server {
	t.Helper()
	s := mcutest.Serve(t, cfg)
	return &server{s.Server, s.Stop}
}

// wantRooms fails the test unless the server has these rooms, at once or soon: it
// lets people go in the background.
func (s *server) wantRooms(t testing.TB, want ...mcu.RoomInfo) {
	t.Helper()
	poll.Until(t, fmt.Sprintf("rooms %+v", want), func() bool { return slices.Equal(s.Rooms(), want) })
}
