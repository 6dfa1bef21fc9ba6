package bot_test

import (
	"bytes"
	"context"
	"image"
	"log/slog"
	"os"
	"testing"
	"time"

	"tilemix/cmd/tilemix/bench/bare"
	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/uplink"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for an event.
const patience = 30 * time.Second

// film returns a clip of a second in two sizes with two IDRs. The small size has every
// third picture.
func film(t *testing.T) *bot.Clip {
	t.Helper()
	clip := &bot.Clip{FrameRate: 30}
	var small *bot.Variant
	for _, size := range []image.Point{{640, 360}, {320, 180}} {
		enc, err := h264.NewEncoder(codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: 30, Bitrate: 400_000})
		if err != nil {
			t.Fatal(err)
		}
		defer enc.Close()
		v := &bot.Variant{Size: size, Bitrate: 400_000, Every: 1}
		if clip.Full == nil {
			clip.Full = v
		} else {
			small, v.Every = v, 3
		}
		clip.Keys = nil
		for n := range 30 {
			clip.Keys = append(clip.Keys, n%15 == 0)
			if n%v.Every != 0 {
				continue
			}
			if n%15 == 0 {
				enc.ForceKeyFrame()
			}
			au, err := enc.Encode(codectest.Picture(size.X, size.Y, n), time.Duration(n)*time.Second/30)
			if err != nil {
				t.Fatal(err)
			}
			v.Pictures = append(v.Pictures, bot.Packetize(au.Data))
		}
	}
	clip.Wished = func(w uplink.Constraints) *bot.Variant {
		if w.Size.X < small.Size.X*2 {
			return small
		}
		return clip.Full
	}
	return clip
}

func voice(t *testing.T) *bot.Voice {
	t.Helper()
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	v := &bot.Voice{}
	var packet [1275]byte
	for sound := codectest.Voice(50); len(sound) > 0; sound = sound[pcm.Samples:] {
		n, err := enc.Encode(packet[:], sound[:pcm.Samples])
		if err != nil {
			t.Fatal(err)
		}
		v.Packets = append(v.Packets, bytes.Clone(packet[:n]))
		v.Levels = append(v.Levels, pcm.Level(sound[:pcm.Samples]))
	}
	return v
}

func crowd(t *testing.T) *bot.Crowd {
	t.Helper()
	c, err := bot.NewCrowd()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return c
}

func join(t *testing.T, c *bot.Crowd, o bot.Options) *bot.Bot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b, err := c.Join(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Leave)
	return b
}

// await polls, because bots do not signal that they have received something.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for", what)
		}
	}
}

// TestBare sends a film and a voice through plain pion. The viewer receives what the
// source sent, packet by packet.
func TestBare(t *testing.T) {
	exchange, err := bare.NewExchange()
	if err != nil {
		t.Fatal(err)
	}
	defer exchange.Close()
	via := func(source bool) func(context.Context, string) (string, error) {
		return func(ctx context.Context, offer string) (string, error) { return exchange.Answer(ctx, offer, source) }
	}
	c, clip, said := crowd(t), film(t), voice(t)
	viewer := join(t, c, bot.Options{Exchange: via(false), Viewer: true, Record: true})
	source := join(t, c, bot.Options{Exchange: via(true), Clip: clip, Voice: said, Remember: 1000})
	await(t, "pictures and sound", func() bool {
		s := viewer.Stats()
		return s.Picture.Units >= 40 && s.Sound.Units >= 60
	})
	source.Leave()
	viewer.Leave()
	s := viewer.Stats()
	for name, stream := range map[string]bot.Stream{"picture": s.Picture, "sound": s.Sound} {
		if stream.Undecipherable > 0 || stream.Lost > 0 || stream.Broken > 0 || stream.Leaps > 0 {
			t.Errorf("%s: %+v", name, stream)
		}
		if stream.First <= 0 || stream.Longest <= 0 {
			t.Errorf("%s: first after %v, longest pause %v", name, stream.First, stream.Longest)
		}
	}
	pictures, sounds := viewer.Recorded()
	shown, spoken := source.Sent()
	follow(t, "pictures", len(pictures), len(shown), func(i, j int) bool {
		return same(t, pictures[i].Data, clip.Full.Pictures[shown[j].Index]) && !pictures[i].At.Before(shown[j].At)
	})
	follow(t, "sounds", len(sounds), len(spoken), func(i, j int) bool {
		return bytes.Equal(sounds[i].Data, said.Packets[spoken[j].Index])
	})
}

// follow expects that the n received units are the sent ones, from one of the first on.
func follow(t *testing.T, what string, n, sent int, equal func(i, j int) bool) {
	t.Helper()
	for from := range min(sent, 30) {
		i := 0
		for i < n && from+i < sent && equal(i, from+i) {
			i++
		}
		if i > n*3/4 {
			return
		}
	}
	t.Errorf("%d %s that came are not those that were sent", n, what)
}

// same tells whether packetizing an access unit returns the payloads.
func same(t *testing.T, au []byte, payloads [][]byte) bool {
	t.Helper()
	again := bot.Packetize(au)
	if len(again) != len(payloads) {
		return false
	}
	for i := range again {
		if !bytes.Equal(again[i], payloads[i]) {
			return false
		}
	}
	return true
}

// TestServer has bots cooperate with the real server. They receive the mix, and a bot
// with a small tile sends the small size.
func TestServer(t *testing.T) {
	cfg := mcu.DefaultConfig()
	server, err := mcu.NewServer(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Run(ctx) }()
	defer func() { cancel(); <-done }()
	c, clip, said := crowd(t), film(t), voice(t)
	var bots []*bot.Bot
	layouts := make(chan control.Layout, 100)
	for i := range 6 {
		o := bot.Options{Clip: clip, Voice: said, Cooperate: true, Exchange: func(ctx context.Context, offer string) (string, error) {
			p, err := server.Join(mcu.JoinOptions{Room: "r"})
			if err != nil {
				return "", err
			}
			return p.Offer(ctx, offer)
		}}
		if i == 0 {
			o.Message = func(m control.Message) {
				if m, ok := m.(control.Layout); ok {
					layouts <- m
				}
			}
		}
		bots = append(bots, join(t, c, o))
	}
	await(t, "the tiles of six", func() bool { return len((<-layouts).Tiles) == 6 })
	for i, b := range bots {
		await(t, "the small size", func() bool {
			s := b.Stats()
			return s.Sends != nil && s.Sends.Every == 3 && s.Uplinks > 0 && s.Pictures > 0 && s.Picture.Units > 10 && s.Sound.Units > 10
		})
		if s := b.Stats(); s.KeyRequests == 0 || s.Picture.Undecipherable > 0 {
			t.Errorf("bot %d: %+v", i, s)
		}
	}
	if p := c.Punctuality(); p.Done == 0 || p.Failed > 0 {
		t.Errorf("%+v", p)
	}
}
