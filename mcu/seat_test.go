package mcu_test

import (
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
)

// TestNoTileUnconnected has somebody join without media: he is in the list, and has
// no tile.
func TestNoTileUnconnected(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	idle, err := s.Join(mcu.JoinOptions{Room: "tile", Name: "Idle"})
	if err != nil {
		t.Fatal(err)
	}
	ada := s.join("tile", "Ada", both)
	ada.news.await(t, "both in the list", func(m control.Message) bool {
		return m.Type == control.Participants && len(m.Participants) == 2
	})
	ada.news.await(t, "a tile for who is connected", func(m control.Message) bool {
		return m.Type == control.Layout && len(m.Tiles) == 1 && m.Tiles[0].ID == ada.id && m.Hidden == 0
	})
	idle.Leave()
	<-idle.Done()
}

// TestNeverConnected has people join, one to watch, who then do nothing: they lose
// their seats. Who is connected stays.
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
	ada.Screen.Await("a picture", func(rtctest.Picture) error { return nil })
	for i := range idle {
		select {
		case <-idle[i].Done():
		case <-time.After(rtctest.Patience):
			t.Fatal("who never connected has his seat still")
		}
		if d := time.Since(joined); d < 19*time.Second || d > 25*time.Second {
			t.Errorf("who never connected was removed after %v", d)
		}
		news[i].await(t, "the reason", func(m control.Message) bool { return m.Type == control.Error })
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
	off := true
	for _, m := range []control.Message{
		{Type: control.Mute, Audio: &off, Video: &off},
		{Type: control.Chat, Text: "hello"},
		{Type: control.Layout, Name: "speaker"},
	} {
		before := eye.news.count(control.Error)
		eye.p.Handle(m)
		s.await("a refusal", func() bool { return eye.news.count(control.Error) == before+1 })
	}
	ada.p.Handle(control.Message{Type: control.Chat, Text: "mine"})
	ada.news.await(t, "the chat", func(m control.Message) bool { return m.Type == control.Chat && m.Text == "mine" })
	if n := ada.news.count(control.Chat); n != 1 {
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
	start := time.Now()
	for range 10_000 {
		if err := evil.Send(`{"type":"fly"}`); err != nil {
			t.Fatal(err)
		}
	}
	s.await("a refusal", func() bool { return evil.news.count(control.Error) > 0 })
	for i := range 20 {
		asked := time.Now()
		ben.p.Handle(control.Message{Type: control.Chat, Text: "hello"})
		s.await("the chat", func() bool { return ben.news.count(control.Chat) > i })
		if d := time.Since(asked); d > time.Second {
			t.Errorf("a chat took %v", d)
		}
	}
	n, most := evil.news.count(control.Error), 101+int(20*time.Since(start).Seconds())
	if n > most {
		t.Errorf("%d messages were answered, more than %d", n, most)
	}
	s.leave(evil) // what waits does not hold him
}

// count returns how many messages of a type came.
func (b *inbox) count(kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for i := range b.all {
		if b.all[i].Type == kind {
			n++
		}
	}
	return n
}
