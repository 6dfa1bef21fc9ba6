package mcu_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/room"
	"tilemix/mcu/rtc/rtctest"
)

// returning is Ada, who can come back.
func (s *stage) returning(room string) (g *guest, secret string) {
	s.t.Helper()
	g = &guest{}
	var err error
	g.p, err = s.Join(mcu.JoinOptions{Room: room, Name: "Ada", Send: g.news.put, Resumable: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { g.p.Leave(); <-g.p.Done() })
	welcome := next(s.t, &g.news, "a welcome", func(control.Welcome) bool { return true })
	g.id = welcome.ID
	s.connect(g)
	next(s.t, &g.news, "a tile, before others have theirs", func(m control.Layout) bool { return len(m.Tiles) == 1 })
	return g, welcome.Resume
}

// connect makes a guest's connection.
func (s *stage) connect(g *guest) {
	s.t.Helper()
	g.Client = rtctest.New(s.t, both)
	var err error
	if g.answer, err = g.Connect(s.t.Context(), g.p); err != nil {
		s.t.Fatal(err)
	}
}

// TestResume has a participant lose everything and come back: as the same participant, to
// the same tile.
func TestResume(t *testing.T) {
	for name, lose := range map[string]func(*guest){
		"vanished":     func(g *guest) { g.Vanish() },
		"page closed":  func(g *guest) { g.Close() },
		"socket alone": func(*guest) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, small())
			ada, secret := s.returning("call")
			ben := s.join("call", "Ben", both)
			film(ada, red)
			film(ben, blue)
			places := s.place(ada, ben)
			ben.VideoSink.Await("Ada", func(p rtctest.Picture) error { return s.shows(p, places[ada], red) })

			lose(ada)
			ada.p.Lose(0, false)
			back := &guest{id: ada.id}
			var line int
			var err error
			cut := make(chan struct{})
			back.p, line, err = s.Resume(mcu.JoinOptions{Room: "call", Send: back.news.put, Cut: func() { close(cut) }}, secret)
			if err != nil || back.p != ada.p || line != 1 {
				t.Fatalf("resume: %v, line %d", err, line)
			}
			welcome := next(t, &back.news, "a welcome", func(control.Welcome) bool { return true })
			if welcome.ID != ada.id || welcome.Resume != secret {
				t.Errorf("welcomed as %+v", welcome)
			}
			began := time.Now()
			s.connect(back)
			back.VideoSink.Await("Ben", func(p rtctest.Picture) error { return s.shows(p, places[ben], blue) })
			t.Logf("sees after %v", time.Since(began))
			film(back, green)
			ben.VideoSink.Await("Ada again", func(p rtctest.Picture) error {
				return errors.Join(s.shows(p, places[ada], green), s.shows(p, places[ben], blue))
			})
			t.Logf("is seen after %v", time.Since(began))
			ada.p.Lose(0, true) // the old connection's end comes late
			next(t, &back.news, "a list of two", func(m control.Participants) bool { return len(m.Participants) == 2 && m.Participants[0].ID == ada.id })
			_, _, err = s.Resume(mcu.JoinOptions{Room: "call"}, secret)
			if err != nil {
				t.Errorf("again: %v", err)
			}
			<-cut
			back.p.Leave()
			<-back.p.Done()
			if _, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, secret); !errors.Is(err, mcu.ErrNotFound) {
				t.Errorf("after leaving: %v", err)
			}
		})
	}
}

// TestNobodyComesBack: a participant that closed the page has left some seconds later. A
// participant that was never connected, or has no secret, leaves at once.
func TestNobodyComesBack(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	ada, secret := s.returning("call")
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, secret+"x"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("with a wrong secret: %v", err)
	}
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "other"}, secret); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("in another room: %v", err)
	}
	ben := s.join("call", "Ben", both)
	crowd, began := poll.Crowd(t), time.Now()
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, ""); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("without a secret: %v", err)
	}
	ben.p.Lose(0, false)
	<-ben.p.Done()
	never, err := s.Join(mcu.JoinOptions{Room: "call", Resumable: true})
	if err != nil {
		t.Fatal(err)
	}
	never.Lose(0, false)
	<-never.Done()
	inTime(t, "they left", time.Since(began), 4*time.Second, crowd)
	ada.p.Lose(0, true)
	<-ada.p.Done()
}

// TestSocketLost has a participant lose no more than the control connection: the participant
// is in the call for as long as their media is, and half a minute more.
func TestSocketLost(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 40 s")
	}
	t.Parallel()
	s := serve(t, small())
	ada, secret := s.returning("half")
	ben := s.join("half", "Ben", both)
	film(ada, red)
	place := s.place(ada, ben)[ada]
	seen := func(p rtctest.Picture) error { return s.shows(p, place, red) }
	ben.VideoSink.Await("Ada", seen)
	ada.p.Lose(0, false)
	select {
	case <-ada.p.Done():
		t.Fatal("Ada was thrown out")
	case <-time.After(35 * time.Second):
	}
	ben.VideoSink.Await("Ada still", seen)
	ada.Close()
	s.told(ben, ada, control.LineLost)
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "half"}, secret); err != nil {
		t.Errorf("Ada does not come back: %v", err)
	}
}

// TestReplacedConnection: what comes late by a connection that another has taken the
// place of changes nothing.
func TestReplacedConnection(t *testing.T) {
	s := serve(t, small())
	ada, secret := s.returning("call")
	back := &guest{id: ada.id}
	var line int
	var err error
	if back.p, line, err = s.Resume(mcu.JoinOptions{Room: "call", Send: back.news.put}, secret); err != nil {
		t.Fatal(err)
	}
	offer, err := rtctest.New(t, both).Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ada.p.OfferBy(t.Context(), 0, offer); !errors.Is(err, mcu.ErrClosed) {
		t.Errorf("an offer: %v", err)
	}
	if err := ada.p.AddCandidateBy(0, control.CandidateInit{}); !errors.Is(err, mcu.ErrClosed) {
		t.Errorf("a candidate: %v", err)
	}
	ada.p.LeaveBy(0)
	s.connect(back) // which takes the room's loop, after that
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, secret); err != nil {
		t.Errorf("Ada was thrown out: %v", err)
	}
	back.p.LeaveBy(line + 1)
	<-back.p.Done()
}

// TestResumeTooOften: each time costs a connection, so there is an end to it.
func TestResumeTooOften(t *testing.T) {
	s := serve(t, small())
	_, secret := s.returning("call")
	began := time.Now()
	for i := range 100 {
		_, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, secret)
		if errors.Is(err, room.ErrTooOften) {
			if took := time.Since(began); i < 5 || i > 5+int(took.Seconds()) { // once more each second
				t.Errorf("came back %d times in %v", i, took)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("there is no end")
}

// TestReplacedCameraEnds: nothing of a connection that was replaced goes on.
func TestReplacedCameraEnds(t *testing.T) {
	s := serve(t, small())
	ada, secret := s.returning("call")
	ben := s.join("call", "Ben", viewer)
	film(ada, red)
	places := s.place(ada)
	seen := func(p rtctest.Picture) error { return s.shows(p, places[ada], red) }
	ben.VideoSink.Await("Ada", seen)
	cameras := func() int {
		stacks := make([]byte, 1<<20)
		return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("(*Session).runCamera("))
	}
	if cameras() != 1 {
		t.Fatalf("%d cameras run", cameras())
	}
	crowd, began := poll.Crowd(t), time.Now()
	if _, _, err := s.Resume(mcu.JoinOptions{Room: "call"}, secret); err != nil {
		t.Fatal(err)
	}
	s.await("the camera to end", func() bool { return cameras() == 0 })
	inTime(t, "it ended", time.Since(began), 5*time.Second, crowd)
}
