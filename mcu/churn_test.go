package mcu_test

import (
	"context"
	"image"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tilemix/mcu"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestChurn has people come and go at random, some politely, some in the middle
// of a handshake, and looks at what they leave behind.
func TestChurn(t *testing.T) {
	before := goleak.IgnoreCurrent()
	length := 10 * time.Second
	if testing.Short() {
		length = 3 * time.Second
	}
	s := serve(t, small())
	end := time.Now().Add(length)
	var visits sync.WaitGroup
	counts := make([]int, 8)
	for worker := range counts {
		visits.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			for time.Now().Before(end) {
				s.visit(random, network.Line{})
				counts[worker]++
			}
		})
	}
	visits.Wait()
	t.Logf("visits: %v", counts)
	s.await("all rooms to end", func() bool { return len(s.Rooms()) == 0 })
	for _, name := range []string{"tilemix_rooms", "tilemix_participants", "tilemix_frames_live"} {
		if n := s.metric(name); n != 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
	if n := s.metric("tilemix_uplink_video_total", "pictures"); n == 0 {
		t.Error("nobody's picture was ever decoded")
	}
	s.Stop()
	poll.NoneLeft(t, before)
}

// visit is one client's stay in one of two rooms.
func (s *stage) visit(random *rand.Rand, line network.Line) {
	t := s.t
	options := []rtctest.Options{both, both, publisher, viewer}[random.IntN(4)]
	options.Line = line
	p, err := s.Join(mcu.JoinOptions{Room: []string{"a", "b"}[random.IntN(2)], Name: "Guest"})
	if err != nil {
		t.Errorf("join: %v", err)
		return
	}
	c := rtctest.New(t, options)
	ctx, cancel := context.WithTimeout(t.Context(), rtctest.Patience)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		t.Errorf("offer: %v", err)
	}
	answer, err := p.Offer(ctx, offer)
	if err != nil {
		t.Errorf("answer: %v", err)
	}
	if random.IntN(4) == 0 { // leaves while the handshake runs
		go p.Leave()
	}
	if c.Answer(shortly(ctx, p), answer) == nil && c.Video != nil {
		colour := signal.Colour{Y: 100, Cb: uint8(random.IntN(255)), Cr: 128}
		c.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) { colour.Paint(img) }})
		c.Speak(signal.Tone(440, 0.1))
	}
	time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond) // of a stay
	if random.IntN(2) == 0 {                                        // says so by closing the connection
		c.Close()
	}
	p.Leave()
	p.Leave()
	<-p.Done()
	c.Close()
}

// shortly is ctx, ended when p has left.
func shortly(ctx context.Context, p *mcu.Participant) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, cancel)
	go func() {
		defer cancel()
		select {
		case <-p.Done():
		case <-ctx.Done():
		}
	}()
	return ctx
}

// TestShutdown ends a server under people who talk.
func TestShutdown(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := serve(t, small())
	var guests []*guest
	for range 3 {
		g := s.join("end", "Guest", both)
		film(g, red)
		g.Speak(signal.Tone(440, 0.1))
		guests = append(guests, g)
	}
	guests[0].VideoSink.Await("a picture", func(rtctest.Picture) error { return nil })
	s.Stop()
	for _, g := range guests {
		<-g.p.Done()
		g.Close()
	}
	if _, err := s.Join(mcu.JoinOptions{Room: "late"}); err == nil {
		t.Error("a server that has ended let somebody in")
	}
	poll.NoneLeft(t, before)
}
