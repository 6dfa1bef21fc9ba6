package worker_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/worker"
)

// TestOneWorker has many cameras of a room begin at once, as they do when their worker has died. They share
// one.
func TestOneWorker(t *testing.T) {
	p := pool(t, func(c *worker.Config) { c.Patience = time.Minute })
	crew, units := p.NewCrew(), film(t, 320, 180, 1)
	victim := crew.NewDecoder(codec.H264)
	defer victim.Close()
	var all []*worker.Decoder
	for range 8 {
		d := crew.NewDecoder(codec.H264)
		defer d.Close()
		all = append(all, d)
	}
	for round := range 2 {
		var wg sync.WaitGroup
		for _, d := range all {
			wg.Go(func() {
				if err := d.Ready(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, d := range all {
			decode(t, d, units[0])
		}
		poll.Until(t, "eight cameras to have one worker, beside two that are spare", func() bool { return p.Stats().Workers <= 3 })
		if round == 0 {
			decode(t, victim, units[0])
			if _, err := victim.Decode([]byte("!crash")); !errors.Is(err, worker.ErrRestarted) {
				t.Errorf("the crash is %v", err)
			}
		}
	}
}

// TestNoWorker decodes while there is no worker. Once there is one, the first picture that needs those that
// were lost says that the decoder has started anew, so that its sender is asked for a key frame at once.
func TestNoWorker(t *testing.T) {
	p := worker.NewPool(worker.Config{
		Args: []string{"tilemix", asWorker}, Limits: limit.Limits{Pixels: 1280 * 720}, Tile: 1280 * 720,
		Patience: 300 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	units := film(t, 320, 180, 3)
	d := p.NewCrew().NewDecoder(codec.H264)
	if _, err := d.Decode(units[0]); !errors.Is(err, codec.ErrCorrupt) || errors.Is(err, worker.ErrRestarted) {
		t.Errorf("without a worker it is %v", err)
	}
	end := running(t, p)
	defer func() { _ = d.Close(); end() }()
	for d.Ready() != nil && p.Stats().Failures == 0 {
	}
	if _, err := d.Decode(units[1]); !errors.Is(err, worker.ErrRestarted) {
		t.Errorf("behind the key frame that was lost it is %v", err)
	}
	if _, err := d.Decode(units[2]); !errors.Is(err, codec.ErrCorrupt) || errors.Is(err, worker.ErrRestarted) {
		t.Errorf("while the key frame is waited for it is %v", err)
	}
	decode(t, d, units[0])
	decode(t, d, units[1])
}

// TestDeathsAllowed ends a decoder after as many workers as its pool says.
func TestDeathsAllowed(t *testing.T) {
	const most = 5
	p := pool(t, func(c *worker.Config) { c.Deaths = most })
	units := film(t, 320, 180, 1)
	d := p.NewCrew().NewDecoder(codec.H264)
	defer d.Close()
	for range most {
		decode(t, d, units[0])
		if _, err := d.Decode([]byte("!crash")); !errors.Is(err, worker.ErrRestarted) {
			t.Fatalf("the crash is %v", err)
		}
	}
	if _, err := d.Decode(units[0]); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("after %d crashes it is %v", most, err)
	}
}
