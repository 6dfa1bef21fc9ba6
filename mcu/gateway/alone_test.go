package gateway_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
)

// ended waits until an input has given up.
func (s *stage) ended(room, id string) gateway.Info {
	s.t.Helper()
	return s.await(gateway.Input, room, id, "it to give up", in("ended"))
}

// inside waits until somebody is in a room.
func (s *stage) inside(room string) {
	s.t.Helper()
	poll.Until(s.t, "somebody to be in room "+room, func() bool {
		return slices.ContainsFunc(s.Rooms(), func(r mcu.RoomInfo) bool { return r.Name == room && r.Participants+r.Viewers > 0 })
	})
}

// TestOpens adds an input to a room that there is not, which begins with it and ends after it.
func TestOpens(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	film(t, filepath.Join(s.dir, "film.mp4"), "-t", "20", "-c:v", "libx264", "-c:a", "aac")
	i, err := s.AddInput(t.Context(), "opened", gateway.InputOptions{URL: "file:film.mp4", Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	room, err := s.Room("opened")
	if err != nil {
		t.Fatal(err)
	}
	expect(s.enter("opened", "Vic", webrtc.RTPTransceiverDirectionRecvonly))
	if err := s.Remove(t.Context(), gateway.Input, "opened", i.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddInput(t.Context(), "a.b", gateway.InputOptions{URL: "file:film.mp4"}); !errors.Is(err, mcu.ErrBadName) {
		t.Errorf("a bad name of a room: %v", err)
	}
	if _, err := s.AddInput(t.Context(), "other", gateway.InputOptions{URL: "nonsense"}); err == nil {
		t.Error("nonsense opens a room")
	}
	if all := s.Rooms(); len(all) != 1 {
		t.Errorf("there are %+v", all)
	}
	select {
	case <-room.Ended():
		t.Error("the room ended with Vic in it")
	default:
	}
}

// TestFutile adds inputs that bring nothing. They leave and say why, and the rooms that have no people
// end. Only so many rooms may have no people: those above leave sooner.
func TestFutile(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	const futile = 6 * time.Second
	s := newStage(t, func(c *gateway.Config) { c.MaxAlone, c.Futile = 2, futile })
	dead := "rtmp://127.0.0.1:" + mcutest.Port(t) + "/live/" + key
	_, vic := s.seat("left", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	s.inside("left")
	add := func(room string, want error) gateway.Info {
		t.Helper()
		i, err := s.AddInput(t.Context(), room, gateway.InputOptions{URL: dead})
		if !errors.Is(err, want) {
			t.Errorf("in room %s: %v", room, err)
		}
		return i
	}
	s.act("people")
	s.inside("people")
	begun := time.Now()
	one, two := add("one", nil), add("two", nil) // they stay for Futile
	room, err := s.Room("one")
	if err != nil {
		t.Fatal(err)
	}
	add("one", nil)
	if _, err := s.AddInput(t.Context(), "three", gateway.InputOptions{URL: dead}); !errors.Is(err, gateway.ErrTooMany) && time.Since(begun) < futile {
		t.Errorf("in room three: %v", err)
	}
	crowd := add("people", nil)
	left := add("left", nil)
	vic.Leave()
	s.ended("left", left.ID)
	for room, i := range map[string]gateway.Info{"one": one, "two": two, "people": crowd} {
		if over := s.ended(room, i.ID); !strings.Contains(over.Reason, "given up after all attempts failed: ") || !over.Next.IsZero() {
			t.Errorf("it is %+v", over)
		}
	}
	select {
	case <-room.Ended():
	case <-time.After(rtctest.Patience):
		t.Fatalf("there are still %+v", s.List(gateway.Input, "one"))
	}
	add("three", nil)
}

// TestDeserted has a camera go for good. Its input stays while people are in the room.
func TestDeserted(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, func(c *gateway.Config) { c.Futile = 2 * time.Second })
	_, vic := s.seat("desert", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	file := filepath.Join(t.TempDir(), "camera.mp4")
	film(t, file, "-t", "5", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "aac")
	camera := &ipCamera{t: t}
	camera.start(file, "-c", "copy")
	i, err := s.AddInput(t.Context(), "desert", gateway.InputOptions{URL: camera.url(key)})
	if err != nil {
		t.Fatal(err)
	}
	s.await(gateway.Input, "desert", i.ID, "the camera", in(gateway.Up))
	camera.server.Close()
	s.await(gateway.Input, "desert", i.ID, "attempts in vain", func(i gateway.Info) bool { return i.State == gateway.Down && i.Tries > 2 })
	room, err := s.Room("desert")
	if err != nil {
		t.Fatal(err)
	}
	vic.Leave()
	s.ended("desert", i.ID)
	select {
	case <-room.Ended():
	case <-time.After(rtctest.Patience):
		t.Fatalf("there are still %+v", s.Rooms())
	}
}
