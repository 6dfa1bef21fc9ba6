package mcu_test

import (
	"errors"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rtc/rtctest"
)

// TestNoTileUnconnected has a participant join without media: nobody is told of it, and it has
// no tile and no seat.
func TestNoTileUnconnected(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.MaxParticipants = 1
	s := serve(t, cfg)
	idle, err := s.Join(mcu.JoinOptions{Room: "tile", Name: "Idle"})
	if err != nil {
		t.Fatal(err)
	}
	ada := s.join("tile", "Ada", both)
	next(t, &ada.news, "a tile for who is connected", func(m control.Layout) bool { return len(m.Tiles) == 1 && m.Tiles[0].ID == ada.id && m.Hidden == 0 })
	next(t, &ada.news, "one in the list", func(m control.Participants) bool { return len(m.Participants) == 1 && m.Participants[0].ID == ada.id })
	if infos := s.Rooms(); len(infos) != 1 || infos[0].Participants != 1 {
		t.Errorf("rooms are %v", infos)
	}
	if err := s.Admits("tile", "Eve", policy.Grant{}); !errors.Is(err, mcu.ErrRoomFull) {
		t.Errorf("one more comes: %v", err)
	}
	idle.Leave()
	<-idle.Done()
}

// TestNeverConnected has participants join, one to watch, that then do nothing: they lose
// their seats. The participant that is connected stays.
func TestNeverConnected(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	t.Parallel()
	s := serve(t, small())
	ada := s.join("late", "Ada", both)
	joined := time.Now()
	idle, news := make([]*mcu.Participant, 2), make([]inbox, 2)
	for i := range idle {
		var err error
		idle[i], err = s.Join(mcu.JoinOptions{Room: "late", Viewer: i > 0, Send: news[i].put})
		if err != nil {
			t.Fatal(err)
		}
	}
	ada.VideoSink.Await("a picture", func(rtctest.Picture) error { return nil })
	for i := range idle {
		select {
		case <-idle[i].Done():
		case <-time.After(rtctest.Patience):
			t.Fatal("a participant that never connected has a seat still")
		}
		if d := time.Since(joined); d < 19*time.Second || d > 25*time.Second {
			t.Errorf("a participant that never connected was removed after %v", d)
		}
		next(t, &news[i], "the reason", func(control.Error) bool { return true })
	}
	if infos := s.Rooms(); len(infos) != 1 || infos[0].Participants != 1 || infos[0].Viewers != 0 {
		t.Errorf("rooms are %v", infos)
	}
}

// TestViewerChangesNothing has somebody who only watches ask for what only those do
// who are seen.
func TestViewerChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	ada, eye := s.join("watched", "Ada", both), s.join("watched", "Eye", viewer)
	for _, m := range []control.Message{
		control.Mute{AudioMuted: true, VideoMuted: true},
		control.SendChat{Text: "hello"},
		control.ChooseLayout{Name: "speaker"},
	} {
		before := len(of[control.Error](&eye.news))
		eye.p.Handle(m)
		s.await("a refusal", func() bool { return len(of[control.Error](&eye.news)) == before+1 })
	}
	ada.p.Handle(control.SendChat{Text: "mine"})
	next(t, &ada.news, "the chat", func(m control.Chat) bool { return m.Text == "mine" })
	if n := len(of[control.Chat](&ada.news)); n != 1 {
		t.Errorf("%d chats came", n)
	}
}

// TestFlood has a client send far more over its data channel than it may: it has to
// wait, and the room does not notice.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	o := rtctest.Options{Message: func([]byte) {}}
	evil, ben := s.join("flood", "Evil", o), s.join("flood", "Ben", both)
	s.await("the channel to open", func() bool { return evil.Send(`{"type":"fly"}`) == nil })
	crowd, start := poll.Crowd(t), time.Now()
	for range 10_000 {
		if err := evil.Send(`{"type":"fly"}`); err != nil {
			t.Fatal(err)
		}
	}
	s.await("a refusal", func() bool { return len(of[control.Error](&evil.news)) > 0 })
	for i := range 10 { // which one may send at once
		asked := time.Now()
		ben.p.Handle(control.SendChat{Text: "hello"})
		s.await("the chat", func() bool { return len(of[control.Chat](&ben.news)) > i })
		inTime(t, "a chat came", time.Since(asked), time.Second, crowd)
	}
	n, most := len(of[control.Error](&evil.news)), 101+int(20*time.Since(start).Seconds())
	if n > most {
		t.Errorf("%d messages were answered, more than %d", n, most)
	}
	s.leave(evil) // messages that wait do not delay the leave
}
