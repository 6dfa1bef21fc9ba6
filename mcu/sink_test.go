package mcu_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/mcu"
	"tilemix/mcu/media"
)

// tape is a sink that remembers when what came.
type tape struct {
	mu     sync.Mutex
	t      *testing.T
	dec    *h264.Decoder
	frames []time.Duration
	keys   []time.Duration
	sounds []time.Duration
	ended  int
}

func newTape(t *testing.T) *tape {
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dec.Close() })
	return &tape{t: t, dec: dec}
}

func (k *tape) Video(au []byte, key bool, at time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alive()
	if img, err := k.dec.Decode(au); err != nil || img == nil {
		k.t.Errorf("picture %d at %v: %v", len(k.frames), at, err)
	}
	k.frames = append(k.frames, at)
	if key {
		k.keys = append(k.keys, at)
	}
}

func (k *tape) Audio(packet []byte, at time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alive()
	if n := len(k.sounds); len(packet) == 0 || n > 0 && (at-k.sounds[n-1]+time.Microsecond)%(20*time.Millisecond) > 2*time.Microsecond {
		k.t.Errorf("%d bytes of sound at %v", len(packet), at)
	}
	k.sounds = append(k.sounds, at)
}

func (k *tape) Ended() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alive()
	k.ended++
}

func (k *tape) alive() {
	if k.ended > 0 {
		k.t.Error("something came after the end")
	}
}

func (k *tape) has(frames, keys, sounds, ended int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.frames) >= frames && len(k.keys) >= keys && len(k.sounds) >= sounds && k.ended == ended
}

// TestSink records a call that nobody watches: its pictures begin with an IDR and
// have one as often as they are to, its sound flows without a break, and both end as
// they are told to or as the room ends.
func TestSink(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	if _, err := s.Room("nowhere"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a room that is not there is found: %v", err)
	}
	ada := s.join("sink", "Ada", publisher)
	film(ada, red)
	long, short := newTape(t), newTape(t)
	room, err := s.Room("sink")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := room.Attach(long, media.SinkOptions{KeyInterval: time.Second}); err != nil {
		t.Fatal(err)
	}
	detach, err := room.Attach(short, media.SinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.await("pictures and sound", func() bool { return short.has(10, 1, 40, 0) && long.has(30, 3, 100, 0) })
	detach()
	detach()
	s.await("the end of one", func() bool { return short.has(10, 1, 40, 1) })
	s.leave(ada)
	s.await("the end of both", func() bool { return long.has(30, 3, 100, 1) })
	long.mu.Lock()
	defer long.mu.Unlock()
	if long.frames[0] != long.keys[0] {
		t.Errorf("pictures begin at %v, the first IDR is at %v", long.frames[0], long.keys[0])
	}
	for i := 1; i < len(long.frames); i++ {
		if long.frames[i] <= long.frames[i-1] {
			t.Errorf("picture %d is at %v, the one before at %v", i, long.frames[i], long.frames[i-1])
		}
	}
}
