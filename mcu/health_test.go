package mcu_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/signal"
)

// dimmed is a colour of a picture that stands still.
func dimmed(c signal.Colour) signal.Colour {
	towards := func(v uint8, to int) uint8 { return uint8(to + (int(v)-to)*110/255) }
	return signal.Colour{Y: towards(c.Y, 16), Cb: towards(c.Cb, 128), Cr: towards(c.Cr, 128)}
}

// told waits until a guest was told last that another's line is so.
func (s *stage) told(g, other *guest, line control.Line) {
	s.t.Helper()
	s.await(fmt.Sprintf("a line to be %q", line), func() bool {
		lists := of[control.Participants](&g.news)
		return len(lists) > 0 && slices.ContainsFunc(lists[len(lists)-1].Participants, func(p control.Person) bool {
			return p.ID == other.id && p.Line == line
		})
	})
}

// TestOutage has a participant's line fail for three seconds: the others see that tile
// dimmed, and theirs as ever.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	ada, ben, cid := s.join("outage", "Ada", buffered), s.join("outage", "Ben", both), s.join("outage", "Cid", viewer)
	film(ada, red)
	film(ben, blue)
	places := s.place(ada, ben)
	sees := func(what string, colour signal.Colour) {
		t.Helper()
		cid.VideoSink.Await(what, func(p rtctest.Picture) error {
			return errors.Join(s.shows(p, places[ada], colour), s.shows(p, places[ben], blue))
		})
	}
	sees("both", red)
	crowd, began := poll.Crowd(t), time.Now()
	ada.Vanish()
	sees("Ada's tile dimmed", dimmed(red))
	took := time.Since(began)
	t.Logf("dimmed after %v", took)
	if took < time.Second && crowd() < poll.Crowded { // else Ada's last picture may be older
		t.Errorf("dimmed after %v", took)
	}
	inTime(t, "dimmed", took, 2*time.Second, crowd)
	s.told(cid, ada, control.LineWeak)
	s.told(cid, ben, "")
	time.Sleep(time.Until(began.Add(3 * time.Second))) // so long the line fails
	ada.Impair(network.Line{})
	began = time.Now()
	sees("Ada's tile as before", red)
	took = time.Since(began)
	t.Logf("as before after %v", took)
	inTime(t, "as before", took, 2*time.Second, crowd)
	s.told(cid, ada, "")
}

// TestCameraOffIsNoBadLine has one participant switch their camera off, and then another's
// camera stop. When the server calls the second line bad, it does not call the first so.
func TestCameraOffIsNoBadLine(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	crowd := poll.Crowd(t)
	ada, ben, cid := s.join("off", "Ada", both), s.join("off", "Ben", both), s.join("off", "Cid", both)
	stopAda, stopBen := film(ada, red), film(ben, blue)
	film(cid, green)
	places := s.place(ada, ben, cid)
	cid.VideoSink.Await("both", func(p rtctest.Picture) error {
		return errors.Join(s.shows(p, places[ada], red), s.shows(p, places[ben], blue))
	})
	ada.p.Handle(control.Mute{AudioMuted: true, VideoMuted: true})
	cid.VideoSink.Await("initials", func(p rtctest.Picture) error { return gone(p.Image, places[ada], red) })
	stopAda()
	stopBen()
	s.told(cid, ben, control.LineWeak)
	cid.VideoSink.Await("a dimmed tile", func(p rtctest.Picture) error { return s.shows(p, places[ben], dimmed(blue)) })
	for _, m := range of[control.Participants](&cid.news) {
		for _, p := range m.Participants {
			if p.ID != ben.id && p.Line != "" {
				blame(t, crowd, "the line of %s is said to be %q", p.Name, p.Line)
			}
		}
	}
	film(ben, blue)
	s.told(cid, ben, "")
}

// TestReconnecting has a participant lose their connection and come back.
func TestReconnecting(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	ada, secret := s.returning("again")
	ben := s.join("again", "Ben", both)
	film(ada, red)
	place := s.place(ada, ben)[ada]
	ben.VideoSink.Await("Ada", func(p rtctest.Picture) error { return s.shows(p, place, red) })
	ada.Close()
	s.told(ben, ada, control.LineLost)
	ben.VideoSink.Await("Ada's tile dimmed", func(p rtctest.Picture) error { return s.shows(p, place, dimmed(red)) })

	back := &guest{id: ada.id}
	var err error
	if back.p, _, err = s.Resume(mcu.JoinOptions{Room: "again", Send: back.news.put}, secret); err != nil {
		t.Fatal(err)
	}
	s.connect(back)
	film(back, green)
	ben.VideoSink.Await("Ada again", func(p rtctest.Picture) error { return s.shows(p, place, green) })
	s.told(ben, ada, "")
}
