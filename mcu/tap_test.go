package mcu_test

import (
	"sync/atomic"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/media"
)

// needy is a tap that needs an IDR for as long as a test says.
type needy struct {
	need           atomic.Bool
	pictures, keys chan time.Duration
}

func (*needy) Joined(string, string, time.Duration) {}
func (*needy) Left(string, time.Duration)           {}
func (*needy) Sound(string, []byte, media.Time)     {}

func (n *needy) Picture(_ string, _ codec.Kind, _ uint64, _ []byte, key bool, at media.Time) bool {
	to := n.pictures
	if key {
		to = n.keys
	}
	select {
	case to <- at.Arrived:
	default:
	}
	return n.need.Load()
}

// TestTapAsks has a camera that sends no IDR of itself be asked for them: as a tap begins,
// by AskKeyFrames, and with its pictures, for as long as the tap needs one.
func TestTapAsks(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	film(s.join("tap", "Ada", publisher), green)
	tap := &needy{pictures: make(chan time.Duration), keys: make(chan time.Duration, 64)}
	room, err := s.Room("tap")
	if err != nil {
		t.Fatal(err)
	}
	untap, err := room.Tap(tap)
	if err != nil {
		t.Fatal(err)
	}
	defer untap()
	crowd, begun := poll.Crowd(t), <-tap.keys
	for at := range tap.pictures {
		if at-begun > 1100*time.Millisecond { // it may be asked again
			break
		}
	}
	room.AskKeyFrames()
	asked := <-tap.keys
	tap.need.Store(true)
	first, second := <-tap.keys, <-tap.keys
	if short := min(first-asked, second-first); short < 900*time.Millisecond && crowd() < poll.Crowded { // else the one before may have come late
		t.Errorf("IDRs came %v and %v after those before", first-asked, second-first)
	}
}
