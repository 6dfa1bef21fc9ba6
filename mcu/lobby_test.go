package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"syscall"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// waits connects a guest that waits to be let in.
func (s *stage) waits(room, name string, o rtctest.Options) *guest {
	s.t.Helper()
	g := &guest{}
	join := mcu.JoinOptions{Room: room, Name: name, Wait: true, Viewer: o.Direction == viewer.Direction, Send: g.news.put}
	g.p, g.Client = s.Enter(join, o)
	g.id = of[control.Welcome](&g.news)[0].ID
	return g
}

// lobby tells whether a picture is that of a lobby: dark in its corners, with letters in its middle.
func lobby(p rtctest.Picture) error {
	size := p.Image.Rect.Size()
	corner := signal.Mean(p.Image, image.Rect(0, 0, size.X/8, size.Y/8))
	bright := 0
	for x := range size.X {
		if p.Image.Y[size.Y*28/100*p.Image.YStride+x] > 150 {
			bright++
		}
	}
	if corner.Y > 40 || bright < size.X/50 {
		return fmt.Errorf("the corner is %v, %d pixels of the message are bright", corner, bright)
	}
	return nil
}

// TestLobby has guests wait: they see the lobby and hear nothing of the room, in which they are not.
// One is let in, is sent back and comes in again; the other is refused.
func TestLobby(t *testing.T) {
	s := serve(t, small())
	host := s.join("call", "Host", both)
	film(host, green)
	host.Speak(signal.Tone(1100, .15))
	ada, ben := s.waits("call", "Ada", both), s.waits("call", "Ben", viewer)
	film(ada, blue)
	ada.Speak(signal.Tone(700, .15))
	next(t, &ben.news, "the second place", func(m control.Waiting) bool { return m.Position == 2 })
	for _, g := range []*guest{ada, ben} {
		g.VideoSink.Await("the lobby", lobby)
	}
	queue := s.Waiting("call")
	if len(queue) != 2 || queue[0].ID != ada.id || queue[1].Name != "Ben" || time.Since(queue[0].Since) > time.Minute {
		t.Errorf("those who wait are %+v", queue)
	}
	if rooms := s.Rooms(); len(rooms) != 1 || rooms[0].Participants != 1 || rooms[0].Viewers != 0 {
		t.Errorf("rooms are %+v", rooms)
	}
	host.p.Handle(control.SendChat{Text: "among us"})
	ada.p.Handle(control.SendChat{Text: "let me in"})
	next(t, &ada.news, "a refusal", func(control.Error) bool { return true })
	if ada.heard() || len(of[control.Chat](&ada.news))+len(of[control.Participants](&ada.news)) > 0 {
		t.Error("something of the room reaches Ada")
	}
	for range 2 {
		s.admit(host, ada)
		next(t, &ben.news, "the first place", func(m control.Waiting) bool { return m.Position == 1 })
		if err := s.SendToLobby("call", ada.id); err != nil {
			t.Fatal(err)
		}
		ada.VideoSink.Await("the lobby again", lobby)
	}
	next(t, &ada.news, "the second place", func(m control.Waiting) bool { return m.Position == 2 })
	crowd, began := poll.Crowd(t), time.Now()
	if err := s.Reject("call", ben.id, "not today"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, &ben.news, "the reason", func(control.Rejected) bool { return true }); m.Reason != "not today" {
		t.Errorf("was refused with %+v", m)
	}
	inTime(t, "was refused", time.Since(began), time.Second, crowd)
	<-ben.p.Done()
	for name, err := range map[string]error{
		"admitted": s.Admit("call", ben.id), "rejected": s.Reject("call", host.id, ""), "sent back": s.SendToLobby("call", ada.id),
	} {
		if !errors.Is(err, mcu.ErrNotFound) {
			t.Errorf("one who is not there is %s: %v", name, err)
		}
	}
	if len(of[control.Participants](&host.news)) == 0 || len(of[control.Chat](&host.news)) != 1 {
		t.Error("the host was told of those who wait, or of nobody")
	}
	checkStreams(t, ada, ben)
}

// heard tells whether any sound came within 100 ms that is louder than silence.
func (g *guest) heard() bool {
	loud := make(chan struct{}, 1)
	defer g.AudioSink.Watch(func(b rtctest.Sound) {
		if signal.Amplitude(b.Block, 1100) > .001 {
			select {
			case loud <- struct{}{}:
			default:
			}
		}
	})()
	select {
	case <-loud:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// admit lets a guest in: it sees and hears the host, and the host sees it.
func (s *stage) admit(host, g *guest) {
	s.t.Helper()
	lag, crowd, began := poll.Lag(s.t), poll.Crowd(s.t), time.Now()
	if err := s.Admit("call", g.id); err != nil {
		s.t.Fatal(err)
	}
	place := s.place(host, g)
	g.VideoSink.Await("the room", func(p rtctest.Picture) error { return s.shows(p, place[host], green) })
	took := time.Since(began)
	if late := lag(); late < 5*time.Millisecond {
		inTime(s.t, "the first picture came", took, 300*time.Millisecond, crowd)
	}
	s.t.Logf("the first picture took %v", took)
	g.AudioSink.Await("the host", func(b rtctest.Sound) error {
		if signal.Amplitude(b.Block, 1100) < .02 {
			return errors.New("it is not heard")
		}
		return nil
	})
	host.VideoSink.Await("the guest", func(p rtctest.Picture) error { return s.shows(p, place[g], blue) })
	next(s.t, &g.news, "an admission", func(m control.Admitted) bool { return m.Room == "call" })
}

// TestLobbyWithoutRoom has a guest wait for a room that nobody is in: that begins no room. A server
// that ends does not wait for it.
func TestLobbyWithoutRoom(t *testing.T) {
	s := serve(t, small())
	ada := s.waits("later", "Ada", viewer)
	ada.VideoSink.Await("the lobby", lobby)
	if rooms := s.Rooms(); len(rooms) > 0 {
		t.Errorf("rooms are %+v", rooms)
	}
	if _, err := s.Room("later"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a recorder finds the lobby: %v", err)
	}
	s.Stop()
	<-ada.p.Done()
}

// TestLobbyCost has many wait: they share one encode, which has nothing to do while nothing changes.
func TestLobbyCost(t *testing.T) {
	s := serve(t, small())
	const n = 50
	quiet := rtctest.Options{Direction: viewer.Direction, NoDecode: true}
	var last *guest
	for i := range n {
		last = s.waits("call", fmt.Sprint("Guest ", i), quiet)
	}
	next(t, &last.news, "the last place", func(m control.Waiting) bool { return m.Position == n })
	s.await("the first pictures", func() bool { _, units := last.VideoSink.Received(); return units > 2 })
	const seconds = 3
	before, cpu, began := s.work(), processTime(t), time.Now()
	time.Sleep(seconds * time.Second)
	after, took := s.work(), time.Since(began).Seconds()
	t.Logf("%d wait: %.0f ms of processor time a second, with the clients'; %v pictures encoded a second",
		n, (processTime(t)-cpu).Seconds()*1000/took, (after[1]-before[1])/took)
	if pictures := (after[1] - before[1]) / took; pictures > 2.5 || after[0] != before[0] || after[2] != before[2] {
		t.Errorf("a second: %v pictures encoded; in all: %v decoded, %v blocks of sound encoded", pictures, after[0]-before[0], after[2]-before[2])
	}
}

// processTime returns the processor time that this process has taken.
func processTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
