package mcu_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/yuv"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/relay"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/barcode"
)

// TestRelayOfAnotherServer has a viewer receive by one server what another one mixes. For the outside the relay has no room.
// It ends with its last viewer, and then the home sends it nothing.
func TestRelayOfAnotherServer(t *testing.T) {
	t.Parallel()
	cfg := mcutest.Small()
	cfg.MaxParticipants = 2 // of which what is pulled is none
	home := mcutest.Serve(t, cfg)
	cfg = mcutest.Small()
	began := make(chan event.Event, 100)
	cfg.Events = func(e event.Event) { began <- e }
	cfg.Relay = func(ctx context.Context, room string, p relay.Part, offer string) (string, error) {
		who, err := home.Join(mcu.JoinOptions{Room: room, Viewer: true, Grant: policy.Grant{Role: policy.Recorder}, Rung: p.Rung + 1})
		if err != nil {
			return "", err
		}
		return who.Offer(ctx, offer)
	}
	far := mcutest.Serve(t, cfg)
	_, film := home.Enter(mcu.JoinOptions{Room: "demo", Name: "Ada"}, rtctest.Options{})
	film.Film(rtctest.Camera{Numbered: true, Draw: func(img *image.YCbCr, _ time.Duration) { yuv.Fill(img, 128, 128, 128) }})
	watch := func() (*mcu.Participant, *rtctest.Client) {
		return far.Enter(mcu.JoinOptions{Room: "demo", Viewer: true, Relay: true}, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	}
	who, viewer := watch()
	last := -1
	see := func(p rtctest.Picture) error {
		n, ok := barcode.Read(p.Image, p.Image.Rect)
		if was := last; !ok || n <= was || was < 0 {
			last = n
			return fmt.Errorf("number %d, %v, after %d", n, ok, was)
		}
		return nil
	}
	viewer.VideoSink.Await("numbers that rise", see)
	if _, err := far.Room("demo"); !errors.Is(err, mcu.ErrNotFound) || len(far.Rooms()) > 0 {
		t.Errorf("the relay has rooms %v, %v", far.Rooms(), err)
	}
	if all := home.Rooms(); len(all) != 1 || all[0].Viewers != 0 || all[0].Participants != 1 {
		t.Errorf("the home counts the relay: %+v", all)
	}
	if n := far.Metric("tilemix_picture_encodes_total"); n != 0 {
		t.Errorf("the relay has encoded %v pictures", n)
	}
	second, other := watch()
	other.VideoSink.Await("numbers that rise", see)
	poll.Until(t, "the home has the film, and pulls of picture and sound", func() bool { return home.Inside("demo") == 3 })
	if n := far.Relays()["demo"]; n != 2 {
		t.Errorf("the relay has %d viewers", n)
	}
	// A pull begins no room, and comes into one that is locked, for viewers who are in already.
	if _, err := home.Join(mcu.JoinOptions{Room: "none", Viewer: true, Rung: 1}); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a pull of no room: %v", err)
	}
	if err := home.Act("demo", policy.Grant{Role: policy.Host}, control.Lock{Locked: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := home.Join(mcu.JoinOptions{Room: "demo", Viewer: true}); err == nil {
		t.Error("a viewer comes into a locked room")
	}
	pull, err := home.Join(mcu.JoinOptions{Room: "demo", Viewer: true, Rung: 1})
	if err != nil {
		t.Fatalf("a pull of a locked room: %v", err)
	}
	pull.Leave()
	who.Leave()
	second.Leave()
	poll.Until(t, "the relay ends", func() bool { return len(far.Relays()) == 0 })
	poll.Until(t, "the home sends to nobody", func() bool { return home.Inside("demo") == 1 })
	far.Stop()
	close(began)
	for e := range began {
		if e.Type == event.RoomStarted || e.Type == event.RoomEnded {
			t.Errorf("the relay tells that the room began or ended: %+v", e)
		}
	}
}

// TestRelayRefused: a server without a cluster relays nothing, and one that drains begins no relay.
func TestRelayRefused(t *testing.T) {
	t.Parallel()
	o := mcu.JoinOptions{Room: "demo", Viewer: true, Relay: true}
	alone := mcutest.Serve(t, mcutest.Small())
	if _, err := alone.Join(o); !errors.Is(err, mcu.ErrServerFull) {
		t.Errorf("a server without a cluster: %v", err)
	}
	cfg := mcutest.Small()
	cfg.Relay = func(context.Context, string, relay.Part, string) (string, error) { return "", errors.New("gone") }
	cfg.MaxRooms = 1
	s := mcutest.Serve(t, cfg)
	who, err := s.Join(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Room = "other"
	if _, err := s.Join(o); !errors.Is(err, mcu.ErrServerFull) {
		t.Errorf("a relay more than there may be rooms: %v", err)
	}
	who.Leave()
	poll.Until(t, "the relay ends", func() bool { return len(s.Relays()) == 0 })
	s.Drain(0)
	if _, err := s.Join(o); err == nil {
		t.Error("a server that drains begins a relay")
	}
}
