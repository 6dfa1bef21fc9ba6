package gateway

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/mcu/event"
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
