package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/signal"
)

// gone is shows turned round: the tile has not that colour.
func gone(img *image.YCbCr, tile image.Rectangle, colour signal.Colour) error {
	if shows(img, tile, colour) == nil {
		return fmt.Errorf("tile %v is still %v", tile, colour)
	}
	return nil
}

// TestCameraStops looks at what becomes of a tile whose camera sends no more:
// the last picture, dimmed, for 10 s, then initials, and the picture when it comes again.
func TestCameraStops(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub, eye := s.join("stops", "Pub", publisher), s.join("stops", "Eye", viewer)
	tile := s.place(pub)[pub]
	crowd, began := poll.Crowd(t), time.Now()
	var drawn atomic.Int64 // after so long the camera's last picture was
	stop := pub.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) {
		drawn.Store(int64(time.Since(began)))
		red.Paint(img)
	}})
	eye.VideoSink.Await("the picture", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
	stop()
	eye.VideoSink.Await("it dimmed", func(p rtctest.Picture) error { return s.shows(p, tile, dimmed(red)) })
	eye.VideoSink.Await("a placeholder", func(p rtctest.Picture) error { return gone(p.Image, tile, dimmed(red)) })
	d := time.Since(began) - time.Duration(drawn.Load())
	if d < 9500*time.Millisecond {
		t.Errorf("the last picture was shown for %v", d)
	}
	inTime(t, "the last picture went", d, 13*time.Second, crowd)
	film(pub, blue)
	eye.VideoSink.Await("the picture again", func(p rtctest.Picture) error { return s.shows(p, tile, blue) })
	checkStreams(t, eye)
}

// reddish counts the pixels in a tile's bottom left quarter that have the colour
// of the sign for a muted microphone.
func reddish(img *image.YCbCr, tile image.Rectangle) int {
	v := yuv.View(img, image.Rect(tile.Min.X, tile.Min.Y+tile.Dy()/2, tile.Min.X+tile.Dx()/2, tile.Max.Y))
	n := 0
	for y := range v.Rect.Dy() / 2 {
		for x := range v.Rect.Dx() / 2 {
			if v.Cr[y*v.CStride+x] > 145 {
				n++
			}
		}
	}
	return n
}

// TestMute switches microphone and camera off and on by messages over the data
// channel.
func TestMute(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Width, cfg.Height, cfg.VideoBitrate = 1280, 720, 1_500_000
	s := serve(t, cfg)
	var overChannel inbox
	a := s.join("mute", "Ada", rtctest.Options{Message: func(data []byte) {
		m, err := control.Decode(data)
		if err != nil {
			t.Errorf("message %q: %v", data, err)
			return
		}
		overChannel.put(m)
	}})
	b := s.join("mute", "Ben", both)
	film(a, green)
	a.Speak(signal.Tone(700, 0.2))
	tile := s.place(a, b)[a]
	b.VideoSink.Await("the picture", func(p rtctest.Picture) error {
		if n := reddish(p.Image, tile); n > 0 {
			return fmt.Errorf("%d pixels like a muted microphone", n)
		}
		return s.shows(p, tile, green)
	})
	b.AudioSink.Await("the tone", mixMinus([]float64{700}, -1, 0.2))
	next(t, &overChannel, "a welcome over the data channel", func(m control.Welcome) bool { return m.ID == a.id })

	mute := func(off bool) {
		t.Helper()
		if err := a.Send(fmt.Sprintf(`{"type":"mute","audio":%v,"video":%v}`, off, off)); err != nil {
			t.Fatal(err)
		}
		next(t, &b.news, "news of it", func(m control.Participants) bool {
			return len(m.Participants) == 2 &&
				m.Participants[0].AudioMuted == off && m.Participants[0].VideoMuted == off
		})
	}
	mute(true)
	b.VideoSink.Await("initials and the sign", func(p rtctest.Picture) error {
		if n := reddish(p.Image, tile); n < 5 {
			return fmt.Errorf("%d pixels like a muted microphone", n)
		}
		return gone(p.Image, tile, green)
	})
	b.AudioSink.Await("silence", mixMinus([]float64{700}, 0, 0.2))
	mute(false)
	b.VideoSink.Await("the picture again", func(p rtctest.Picture) error { return s.shows(p, tile, green) })
	b.AudioSink.Await("the tone again", mixMinus([]float64{700}, -1, 0.2))

	if err := a.Send(`{"type":"fly"}`); err != nil {
		t.Fatal(err)
	}
	next(t, &overChannel, "a refusal", func(control.Error) bool { return true })
	if err := a.Send(`{"type":"chat","text":"hello"}`); err != nil {
		t.Fatal(err)
	}
	got := next(t, &b.news, "the chat", func(control.Chat) bool { return true })
	if got.ID != a.id || got.Name != "Ada" || got.Text != "hello" {
		t.Errorf("the chat is %+v", got)
	}
	checkStreams(t, a, b)
}

// TestSpeaking looks at who is said to speak: all are told, without the list of
// participants; who joins then is told in that list.
func TestSpeaking(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("floor", "Ada", both), s.join("floor", "Ben", both)
	a.p.Handle(control.Mute{VideoMuted: true}) // else all are told after 5 s that nothing comes
	b.p.Handle(control.Mute{VideoMuted: true, AudioMuted: true})
	stop := a.Speak(signal.Tone(300, 0.3))
	next(t, &b.news, "Ada to speak", func(m control.Speaking) bool { return len(m.IDs) == 1 && m.IDs[0] == a.id })
	lists := func() (n int) { // but for those that tell how good a connection is
		var before []string
		for _, m := range of[control.Participants](&b.news) {
			var lines []string
			for _, p := range m.Participants {
				lines = append(lines, fmt.Sprint(p.ID, p.Quality, p.Cause, p.Direction, p.Line))
			}
			if slices.Equal(lines, before) {
				n++
			}
			before = lines
		}
		return n
	}
	before := lists()
	next(t, &s.join("floor", "Eye", viewer).news, "a list that says so", func(m control.Participants) bool {
		return len(m.Participants) == 2 && m.Participants[0].Speaking
	})
	stop()
	a.Speak(func(int) float32 { return 0 })
	s.await("Ada to stop", func() bool {
		said := of[control.Speaking](&b.news)
		return len(said[len(said)-1].IDs) == 0
	})
	if n := lists(); n != before {
		t.Errorf("somebody falls silent, and all are told the list %d times more", n-before)
	}
	b.p.Handle(control.ChooseLayout{Name: "speaker"})
	next(t, &a.news, "the other layout", func(m control.Layout) bool { return m.Name == "speaker" && len(m.Tiles) == 2 && m.Tiles[0].ID == a.id })
}

// TestLeave has a participant leave, by closing the connection and by saying so: the
// participant's tile and sound are gone.
func TestLeave(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	eye := s.join("leave", "Eye", viewer)
	for name, leave := range map[string]func(*guest){
		"closes": func(g *guest) { g.Close() },
		"leaves": func(g *guest) { g.p.Leave() },
	} {
		a, b := s.join("leave", "Ada", both), s.join("leave", "Ben", both)
		film(a, red)
		film(b, green)
		a.Speak(signal.Tone(440, 0.2))
		b.Speak(signal.Tone(1100, 0.2))
		two, one := s.place(a, b), s.place(b)
		eye.VideoSink.Await("both", func(p rtctest.Picture) error {
			return errors.Join(s.shows(p, two[a], red), s.shows(p, two[b], green))
		})
		leave(a)
		<-a.p.Done()
		eye.VideoSink.Await("one alone after the other "+name, func(p rtctest.Picture) error {
			return s.shows(p, one[b], green)
		})
		eye.AudioSink.Await("one alone after the other "+name, mixMinus([]float64{440, 1100}, 0, 0.2))
		if _, err := s.Participant("leave", a.p.ID()); err == nil {
			t.Error("a participant that has left can be found")
		}
		s.leave(b)
		s.leave(a)
	}
	checkStreams(t, eye)
}

// TestVanish has the line go dead of a participant without a secret to come back with. After
// 15 s the participant has lost the connection, and half a minute later is removed.
func TestVanish(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 45 s")
	}
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("vanish", "Ada", both), s.join("vanish", "Ben", both)
	film(a, red)
	film(b, green)
	two, one := s.place(a, b), s.place(b)
	b.VideoSink.Await("both", func(p rtctest.Picture) error {
		return errors.Join(s.shows(p, two[a], red), s.shows(p, two[b], green))
	})
	a.Vanish()
	vanished := time.Now()
	s.told(b, a, control.LineLost)
	if d := time.Since(vanished); d < 12*time.Second || d > 20*time.Second {
		t.Errorf("the participant that vanished was lost after %v", d)
	}
	b.VideoSink.Await("both tiles still", func(p rtctest.Picture) error { return s.shows(p, two[b], green) })
	select {
	case <-a.p.Done():
	case <-time.After(rtctest.Patience):
		t.Fatal("the participant that vanished is still there")
	}
	if d := time.Since(vanished); d < 42*time.Second || d > 50*time.Second {
		t.Errorf("the participant that vanished was removed after %v", d)
	}
	b.VideoSink.Await("oneself alone", func(p rtctest.Picture) error { return s.shows(p, one[b], green) })
	checkStreams(t, b)
}

// TestRestart has a participant without a secret lose the line, and restart ICE when it is
// there again: the tile is as before. A participant that then closes the connection is gone
// at once.
func TestRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	t.Parallel()
	s := serve(t, small())
	ada, ben := s.join("restart", "Ada", both), s.join("restart", "Ben", both)
	film(ada, red)
	place := s.place(ada, ben)[ada]
	seen := func(p rtctest.Picture) error { return s.shows(p, place, red) }
	ben.VideoSink.Await("Ada", seen)
	ada.Vanish()
	s.told(ben, ada, control.LineLost)
	ada.Impair(network.Line{})
	offer, err := ada.Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := ada.p.Offer(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := ada.Answer(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	s.told(ben, ada, "")
	ben.VideoSink.Await("Ada again", seen)
	began := time.Now()
	ada.Close()
	<-ada.p.Done()
	if d := time.Since(began); d > 4*time.Second {
		t.Errorf("the participant that closed the connection was removed after %v", d)
	}
}

// TestTwice has a participant offer twice, as for an ICE restart: the streams go on.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("twice", "Ada", both), s.join("twice", "Ben", both)
	film(a, red)
	a.Speak(signal.Tone(440, 0.2))
	tile := s.place(a, b)[a]
	b.VideoSink.Await("the picture", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
	for _, g := range []*guest{a, b} {
		offer, err := g.Offer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := g.p.Offer(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Answer(t.Context(), answer); err != nil {
			t.Fatal(err)
		}
	}
	pictures := 0
	b.VideoSink.Await("two more seconds of pictures", func(p rtctest.Picture) error {
		if pictures++; pictures < 2*s.cfg.FrameRate {
			return errors.New("not yet")
		}
		return s.shows(p, tile, red)
	})
	b.AudioSink.Await("the tone", mixMinus([]float64{440}, -1, 0.2))
	_, blocks := b.AudioSink.Received()
	if blocks < pcm.Rate/pcm.Samples {
		t.Errorf("%d blocks of sound", blocks)
	}
	checkStreams(t, a, b)
}
