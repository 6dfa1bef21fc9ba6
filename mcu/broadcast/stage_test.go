package broadcast

import (
	"bytes"
	"context"
	"image"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

// stage stands in for the rooms: one room whose clocks the test turns, so that time takes no time.
type stage struct {
	*Broadcaster
	t    *testing.T
	sink media.Sink // of the broadcast; nil: there is none

	channels int // of the mix; zero is one

	mu    sync.Mutex
	over  bool
	told  []bool // by the broadcast: it is on, or off
	busy  func() // called before the room answers; nil: nothing
	asked media.SinkOptions

	enc   *h264.Encoder
	size  image.Point
	encs  []*h264.Encoder // of the renditions that climb made
	sizes []image.Point
	lost  func(rendition, picture int) bool // pictures that an encoder leaves out; nil: none
	late  int                               // pictures of the second rendition that come together at first
	held  []func(media.Sink)                // those of them that have not come
	at    time.Duration
	shown int
}

// packet is Opus of 20 ms.
var packet = []byte{0xf8, 0xff, 0xfe}

func newStage(t *testing.T, cfg Config) *stage {
	t.Helper()
	s := &stage{t: t}
	s.Broadcaster = New(cfg, s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = s.enc.Close()
	})
	s.resize(160, 90)
	return s
}

// Room returns the room, which is called live.
func (s *stage) Room(name string) (*stage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != "live" || s.over {
		return nil, mcu.ErrNotFound
	}
	return s, nil
}

// Rungs returns a ladder like that of the pictures.
func (s *stage) Rungs(w views.Wish) ([]ladder.Rung, error) {
	if s.busy != nil {
		s.busy()
	}
	if w.Layout == "none" {
		return nil, views.ErrInvalid
	}
	return ladder.Of(ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 500_000}), nil
}

func (s *stage) AudioChannels() int { return max(1, s.channels) }

func (s *stage) Attach(sink media.Sink, o media.SinkOptions) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, mcu.ErrClosed
	}
	s.sink, s.asked = sink, o
	return sync.OnceFunc(s.detach), nil
}

// SetView has a view that is called full refused.
func (s *stage) SetView(sink media.Sink, w views.Wish) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.sink != sink:
		return mcu.ErrNotFound
	case w.Layout == "full":
		return views.ErrLimit
	}
	s.asked.View = w
	return nil
}

func (s *stage) detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink != nil {
		s.sink.Ended()
		s.sink = nil
	}
}

func (s *stage) NotifyBroadcast(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, on)
}

// resize has pictures of another size follow.
func (s *stage) resize(w, h int) {
	s.t.Helper()
	if s.enc != nil {
		_ = s.enc.Close()
	}
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 200_000})
	if err != nil {
		s.t.Fatal(err)
	}
	s.enc, s.size, s.shown = enc, image.Pt(w, h), 0
}

// roll lets time pass, with so many pictures a second, which come as late as the clock trembles.
func (s *stage) roll(d time.Duration, rate int, late func() time.Duration) {
	s.t.Helper()
	begin := s.at
	next := 0
	for ; s.at < begin+d; s.at += 20 * time.Millisecond {
		for at := time.Duration(next) * time.Second / time.Duration(rate); begin+at < s.at+20*time.Millisecond; at = time.Duration(next) * time.Second / time.Duration(rate) {
			if late != nil {
				at += late()
			}
			s.picture(begin+at, s.shown%(2*rate) == 0)
			next++
		}
		s.give(func(k media.Sink) { k.Audio(packet, s.at) })
	}
}

// picture sends a picture, or a key frame.
func (s *stage) picture(at time.Duration, key bool) {
	s.t.Helper()
	if len(s.encs) > 0 {
		s.pictures(at, key)
		return
	}
	if key {
		s.enc.ForceKeyFrame()
	}
	au, err := s.enc.Encode(codectest.Picture(s.size.X, s.size.Y, s.shown), at)
	if err != nil {
		s.t.Fatal(err)
	}
	s.shown++
	s.give(func(k media.Sink) { k.Video(au.Data, au.Key, at) })
}

// climb has the pictures of all renditions follow that the broadcast asked for, in their sizes.
func (s *stage) climb() {
	s.t.Helper()
	rungs, err := s.Rungs(views.Wish{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, n := range s.asked.Rungs {
		of := rungs[n]
		enc, err := h264.NewEncoder(codec.VideoConfig{Width: of.Size.X, Height: of.Size.Y, FrameRate: of.FrameRate, Bitrate: of.Bitrate})
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = enc.Close() })
		s.encs, s.sizes = append(s.encs, enc), append(s.sizes, of.Size)
	}
}

// pictures sends a picture in all renditions.
func (s *stage) pictures(at time.Duration, key bool) {
	s.t.Helper()
	for n, enc := range s.encs {
		if s.lost != nil && s.lost(n, s.shown) {
			continue
		}
		if key {
			enc.ForceKeyFrame()
		}
		au, err := enc.Encode(codectest.Picture(s.sizes[n].X, s.sizes[n].Y, s.shown), at)
		if err != nil {
			s.t.Fatal(err)
		}
		give := func(media.Sink) { s.asked.Rung(n, au.Data, au.Key, at) }
		if n != 1 || s.shown >= s.late {
			s.give(give)
			continue
		}
		data := bytes.Clone(au.Data)
		s.held = append(s.held, func(media.Sink) { s.asked.Rung(n, data, data[4]&0x1f == nalSPS, at) })
		if s.shown == s.late-1 {
			for _, give := range s.held {
				s.give(give)
			}
		}
	}
	s.shown++
}

// give hands something to the broadcast, and waits until it is taken.
func (s *stage) give(to func(media.Sink)) {
	s.mu.Lock()
	k := s.sink
	s.mu.Unlock()
	if k == nil {
		return
	}
	to(k)
	for b := k.(*broadcast); len(b.queue.C) > 0; {
		time.Sleep(50 * time.Microsecond)
	}
}

// ask asks as a player does.
func (s *stage) ask(path string) (body string, err error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	w := httptest.NewRecorder()
	err = s.Serve(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil), "live", path)
	return w.Body.String(), err
}

// media returns the address of the playlist of a kind, which the index names.
func (s *stage) media(kind string) string {
	s.t.Helper()
	body, err := s.ask(index)
	name := regexp.MustCompile(`[a-z0-9]+/` + kind + `_stream\.m3u8`).FindString(body)
	if err != nil || name == "" {
		s.t.Fatalf("no %s: %v, %s", kind, err, body)
	}
	return name
}

// lines returns what follows a tag in a playlist.
func lines(body, tag string) (all []string) {
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), tag); ok {
			all = append(all, rest)
		}
	}
	return all
}
