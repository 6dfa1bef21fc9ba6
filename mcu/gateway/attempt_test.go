package gateway

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/mcu/event"
	"tilemix/mcu/media"
)

// TestAttempts: each attempt of an output is reported with its time, and with the reason if it failed. An
// output that is taken away has not failed.
func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []event.Span
		var log strings.Builder
		l := &link{
			log: slog.New(slog.NewTextHandler(&log, nil)), info: Info{ID: "o", Kind: Output, Room: "demo"},
			hide: func(s string) string { return strings.ReplaceAll(s, "key", "***") }, mask: func(s string) string { return s },
		}
		l.traced("r1", func(s event.Span) { got = append(got, s) })
		l.life, l.end = context.WithCancel(t.Context())
		tries := 0
		err := l.run(func(ctx context.Context, up func()) error {
			if tries++; tries == 1 {
				time.Sleep(2 * time.Second)
				return errors.New("refused key")
			}
			up()
			time.AfterFunc(time.Minute, l.end)
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil || len(got) != 2 {
			t.Fatalf("%v: %+v", err, got)
		}
		took := []time.Duration{got[0].End.Sub(got[0].Begin), got[1].End.Sub(got[1].Begin)}
		if !slices.Equal(took, []time.Duration{2 * time.Second, time.Minute}) {
			t.Errorf("the attempts took %v", took)
		}
		for i, why := range []string{"refused ***", ""} {
			if s := got[i]; s.Name != "output" || s.Request != "r1" || s.Room != "demo" || s.ID != "o" || s.Err != why {
				t.Errorf("attempt %d: %+v", i+1, s)
			}
		}
		if n := strings.Count(log.String(), "request=r1"); n < 3 {
			t.Errorf("%d lines of the log name the request:\n%s", n, log.String())
		}
	})
}

// TestStall: an input that was up, and stalled before its attempt ended, has been up: it is not given up. It is
// down since it stalled, and its waits begin anew.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stall = 10 * time.Second
		plain := func(s string) string { return s }
		l := &link{log: slog.New(slog.DiscardHandler), info: Info{Kind: Input, Room: "demo"}, hide: plain, mask: plain}
		l.life, l.end = context.WithCancel(t.Context())
		l.futile = func(ever bool, down time.Duration) bool {
			if want := stall; l.info.Tries == 1 && (!ever || down != want) || !ever {
				t.Errorf("attempt %d: was it ever up? %v; it is down for %v, not %v", l.info.Tries, ever, down, want)
			}
			return !ever
		}
		err := l.run(func(context.Context, func()) error {
			switch l.Info().Tries {
			case 1:
				l.rise()
				time.Sleep(time.Hour)
				l.dim("no picture arrives")
				if i := l.Info(); i.State != Down || !i.UpAt.IsZero() {
					t.Errorf("while it stalls it is %+v", i)
				}
				time.Sleep(stall)
			case 3:
				l.end()
			}
			return errors.New("nobody is there")
		})
		if i := l.Info(); err != nil || i.Tries != 3 {
			t.Errorf("%v: it is %+v", err, i)
		}
	})
}

// stalled is a room in which a queue loses a picture and a packet at once.
type stalled struct {
	handle
	large []byte // does not fit into a queue
}

func (s stalled) Attach(sink media.Sink, _ media.SinkOptions) (detach func(), err error) {
	sink.Video(s.large, true, 0)
	sink.Audio(s.large, 0)
	return sink.Ended, nil
}

// TestDroppedRises: what connections have lost never becomes less, and nothing counts twice, as they end.
func TestDroppedRises(t *testing.T) {
	const connections = 3000
	o := &output{link: &link{info: Info{Kind: Output}, room: stalled{large: make([]byte, mixQueue().Bytes+1)}}}
	var over atomic.Bool
	var asking sync.WaitGroup
	asking.Go(func() {
		for before := o.Info(); !over.Load(); {
			i := o.Info()
			if i.DroppedPictures < before.DroppedPictures || i.DroppedPackets < before.DroppedPackets || i.DroppedPictures > connections || i.DroppedPackets > connections {
				t.Errorf("after %d pictures and %d packets it is %d and %d", before.DroppedPictures, before.DroppedPackets, i.DroppedPictures, i.DroppedPackets)
				return
			}
			before = i
		}
	})
	for range connections {
		_, detach, err := o.attach(media.SinkOptions{})
		if err != nil {
			t.Fatal(err)
		}
		detach()
	}
	over.Store(true)
	asking.Wait()
	if i := o.Info(); i.DroppedPictures != connections || i.DroppedPackets != connections {
		t.Errorf("in the end it is %+v", i)
	}
}
