package room

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/session"
	"tilemix/mcu/silence"
)

// reasonOf is what a guest was told last of the first participant.
func reasonOf(g *guest) string {
	p, _ := last[control.Participants](g)
	return string(p.Participants[0].Line) + " " + p.Participants[0].Reason
}

// TestSilence has a camera bring nothing while somebody looks: after 5 s all are told why, and it
// is logged once, however often it happens. What is off or not looked at is never told.
func TestSilence(t *testing.T) {
	var log bytes.Buffer
	in(t, 25, func(c *call) {
		c.log = slog.New(slog.NewTextHandler(&log, nil))
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		s, played := c.plays(ada.PlayVideo)
		c.pass(10 * time.Second)
		if got := reasonOf(ben); got != " " {
			t.Errorf("nobody looks, and Ben was told %q", got)
		}
		if _, err := c.Handle().Attach(&recorder{}, media.SinkOptions{}); err != nil {
			t.Fatal(err)
		}
		c.pass(4 * time.Second)
		if unseen, _ := ada.Silence(); unseen != "" {
			t.Errorf("within 5 s there is a reason: %q", unseen)
		}
		c.pass(3 * time.Second)
		if unseen, unheard := ada.Silence(); unseen != silence.NoVideo || unheard != "" || reasonOf(ben) != "weak no-video-received" {
			t.Errorf("after 7 s: %q, %q, Ben was told %q", unseen, unheard, reasonOf(ben))
		}
		s <- idr(0)
		c.pass(2 * time.Second)
		if got := reasonOf(ben); !strings.HasSuffix(got, " ") {
			t.Errorf("a picture came, and Ben was told %q", got)
		}
		c.pass(7 * time.Second)
		if got := reasonOf(ben); got != "weak no-video-received" {
			t.Errorf("pictures stopped, and Ben was told %q", got)
		}
		ada.Handle(control.Mute{VideoMuted: true})
		c.pass(7 * time.Second)
		if got := reasonOf(ben); got != " " {
			t.Errorf("the camera is off, and Ben was told %q", got)
		}
		close(s)
		played.Wait()
	})
	if n := strings.Count(log.String(), "reason=no-video-received"); n != 1 || !strings.Contains(log.String(), "kind=camera") {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

// TestSilenceOfMicrophone has a microphone pause, which nobody is told of, and bring no Opus.
func TestSilenceOfMicrophone(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		s, played := c.plays(ada.PlayAudio)
		s <- voice(0)
		c.pass(20 * time.Second)
		if got := reasonOf(ben); got != " " {
			t.Errorf("a pause, and Ben was told %q", got)
		}
		for n := range 14 {
			p := voice(n)
			p.Payload = []byte{0xff, 0xff} // code 3 packets of no frame
			s <- p
			c.pass(time.Second / 2)
		}
		if got := reasonOf(ben); got != " not-decodable" {
			t.Errorf("no Opus came, and Ben was told %q", got)
		}
		ada.Handle(control.Mute{AudioMuted: true})
		c.pass(7 * time.Second)
		if got := reasonOf(ben); got != " " {
			t.Errorf("the microphone is muted, and Ben was told %q", got)
		}
		close(s)
		played.Wait()
	})
}

// TestSilenceUnwatched has a client that takes no messages send while nobody looks: that
// nothing comes is told, and that no key frame comes is not, because none was asked for.
func TestSilenceUnwatched(t *testing.T) {
	in(t, 25, func(c *call) {
		p, err := c.Join(Options{Options: session.Options{Name: "Cam", Injected: true}})
		if err != nil {
			t.Fatal(err)
		}
		ben := c.join("Ben", false)
		s, played := c.plays(p.PlayVideo)
		c.pass(7 * time.Second)
		if got := reasonOf(ben); got != "weak no-video-received" {
			t.Errorf("nothing came, and Ben was told %q", got)
		}
		for n := range 14 {
			packet := idr(n)
			packet.Payload = []byte{0x61, 0x88, 0x84, 0}
			s <- packet
			c.pass(time.Second / 2)
		}
		if got := reasonOf(ben); got != " " {
			t.Errorf("pictures without a key frame came, and Ben was told %q", got)
		}
		close(s)
		played.Wait()
	})
}
