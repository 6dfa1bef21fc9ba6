package signaling_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"tilemix/codec/h264"
	"tilemix/mcu"
)

// server is a real server that a test can stop early.
type server struct {
	*mcu.Server
	close func()
}

// observed tells when somebody waits for its end, as a server that runs does.
type observed struct {
	context.Context
	asked func()
}

func (o observed) Done() <-chan struct{} {
	o.asked()
	return o.Context.Done()
}

// newServer returns a real server that ends with the test.
func newServer(t testing.TB) *server {
	t.Helper()
	return newServerOf(t, mcu.DefaultConfig())
}

func newServerOf(t testing.TB, cfg mcu.Config) *server {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	srv, err := mcu.NewServer(cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		if err := srv.Run(observed{ctx, sync.OnceFunc(func() { close(asked) })}); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	stop := sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(stop)
	<-asked
	return &server{srv, stop}
}

// wantRooms fails the test unless the server has these rooms, at once or soon: it
// lets people go in the background.
func (s *server) wantRooms(t testing.TB, want ...mcu.RoomInfo) {
	t.Helper()
	var rooms []mcu.RoomInfo
	for range 2000 {
		if rooms = s.Rooms(); slices.Equal(rooms, want) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("rooms: %+v, want %+v", rooms, want)
}
