package revive

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"tilemix/mcu/broadcast"
	"tilemix/mcu/journal"
	"tilemix/mcu/ladder"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

// hall is a room in which a broadcast has begun to begin, and does so once it may.
type hall struct{ begins, may chan struct{} }

func (h hall) Room(string) (hall, error)             { return h, nil }
func (hall) AudioChannels() int                      { return 1 }
func (hall) Rungs(views.Wish) ([]ladder.Rung, error) { return make([]ladder.Rung, 2), nil }
func (hall) SetView(media.Sink, views.Wish) error    { return nil }
func (hall) NotifyBroadcast(bool)                    {}
func (h hall) Attach(sink media.Sink, _ media.SinkOptions) (func(), error) {
	h.begins <- struct{}{}
	<-h.may
	var once sync.Once
	return func() { once.Do(func() { go sink.Ended() }) }, nil
}

// waited is a context that tells when somebody waits for it.
type waited struct {
	context.Context
	at chan struct{}
}

func (w waited) Done() <-chan struct{} {
	w.at <- struct{}{}
	return w.Context.Done()
}

// TestStoppedAsItBegins: a broadcast that is stopped while it begins is kept no more.
func TestStoppedAsItBegins(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	j, _, _, err := journal.Open(filepath.Join(t.TempDir(), "journal.jsonl"), log)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	kept := map[string]bool{}
	j.Follow(func(key string, value json.RawMessage) {
		mu.Lock()
		defer mu.Unlock()
		kept[key] = value != nil
	})
	h := hall{make(chan struct{}), make(chan struct{})}
	c := broadcast.New(broadcast.Default(), h, log)
	mcutest.Beside(t, c.Run)
	b := &Broadcasts{c, &book{journal: j}}
	var both sync.WaitGroup
	both.Go(func() {
		if _, _, err := b.Start("demo", broadcast.Options{}); err != nil {
			t.Error(err)
		}
	})
	<-h.begins
	ctx := waited{t.Context(), make(chan struct{}, 9)}
	both.Go(func() {
		if _, err := b.Stop(ctx, "demo"); err != nil {
			t.Error(err)
		}
	})
	<-ctx.at // the broadcast is told to stop
	close(h.may)
	both.Wait()
	mu.Lock()
	defer mu.Unlock()
	if kept["broadcast/demo"] {
		t.Error("it comes back after a crash")
	}
}
