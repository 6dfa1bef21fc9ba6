package seats

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/mcu/journal"
	"tilemix/mcu/policy"
)

// crash runs what a server does with its seats, and returns what it leaves to the next when it is killed,
// and the text of its file.
func crash(t *testing.T, before map[string]json.RawMessage, do func(*Seats)) (left map[string]json.RawMessage, text string) {
	t.Helper()
	path, log := filepath.Join(t.TempDir(), "journal.jsonl"), slog.New(slog.DiscardHandler)
	j, _, _, err := journal.Open(path, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = j.Run(ctx); close(ended) }()
	do(New(j, before, time.Now()))
	synctest.Wait()
	data, _ := os.ReadFile(path)
	if _, left, _, err = journal.Open(path, log); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ended
	return left, string(data)
}

// TestComeBack has a server crash with a host, a viewer and one that has left. The next server gives the
// seats to the clients that have the secrets, once each, for two minutes.
func TestComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := Seat{ID: "h", Room: "demo", Name: "Ada", Grant: policy.Grant{Role: policy.Host, By: "invite:1"}, Silenced: true, Hushed: "Eve", Secret: "secret-h"}
		left, text := crash(t, nil, func(s *Seats) {
			s.Keep(host)
			s.Keep(Seat{ID: "v", Room: "demo", Viewer: true, Secret: "secret-v"})
			s.Keep(Seat{ID: "gone", Room: "demo", Secret: "secret-gone"})
			s.Keep(Seat{ID: "none", Room: "demo"})
			s.KeepRoom("demo", Order{Locked: true, Layout: "speaker"})
			s.KeepRoom("over", Order{Locked: true})
			s.Leave("gone")
			s.End("over")
		})
		if strings.Contains(text, "secret-") {
			t.Error("a secret is on disk")
		}
		again, _ := crash(t, left, func(s *Seats) {
			now := time.Now()
			if !s.Hosted("demo", now) || s.Hosted("over", now) || !s.Was("demo", now).Locked || s.Was("over", now).Locked {
				t.Error("the room has no host to come back, or is not locked")
			}
			for _, wrong := range []string{"", "secret-gone", "h"} {
				if _, ok := s.Claim(wrong, now); ok {
					t.Errorf("%q gives a seat", wrong)
				}
			}
			if seat, ok := s.Former("secret-h", now); !ok || seat.Name != "Ada" {
				t.Errorf("former: %+v", seat)
			}
			got, ok := s.Claim("secret-h", now)
			if want := host; !ok || got.Key == "" {
				t.Errorf("claimed: %+v", got)
			} else if got.Key = ""; got != want {
				t.Errorf("claimed: %+v, not %+v", got, want)
			}
			if _, ok := s.Claim("secret-h", now); ok {
				t.Error("two have one seat")
			}
			if s.Hosted("demo", now) {
				t.Error("a host that is back is to come back")
			}
			if was := s.Was("demo", now); was.Layout != "speaker" || s.Was("demo", now.Add(Grace)) != (Order{}) {
				t.Errorf("the room was %+v", was)
			}
			if _, ok := s.Claim("secret-v", now.Add(Grace)); ok {
				t.Error("a seat is claimed after the grace")
			}
		})
		// A second crash, before all were back: also the claimed one, whose media had not connected.
		crash(t, again, func(s *Seats) {
			seat, ok := s.Claim("secret-v", time.Now())
			if _, host := s.Claim("secret-h", time.Now()); !ok || !host {
				t.Error("a second crash loses seats")
			}
			s.Return(seat)
			if _, ok := s.Claim("secret-v", time.Now()); !ok {
				t.Error("a seat that was given back is lost")
			}
		})
		over, _ := crash(t, again, func(s *Seats) { s.Expire() })
		if len(over) != 0 {
			t.Errorf("after the grace there is %q", over)
		}
	})
}

// TestNil: a server without a journal keeps nothing.
func TestNil(t *testing.T) {
	var s *Seats
	s.Keep(Seat{ID: "a", Secret: "x"})
	s.Leave("a")
	s.KeepRoom("a", Order{})
	s.End("a")
	if _, ok := s.Claim("x", time.Now()); ok || s.Hosted("a", time.Now()) || s.Was("a", time.Now()) != (Order{}) {
		t.Error("nothing gives something")
	}
}

// TestAdopt: the seats of another server that died are claimed here, also long after this one began, for two
// minutes. A function that follows the journal gets each change.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, _ := crash(t, nil, func(s *Seats) {
			s.Keep(Seat{ID: "a", Room: "demo", Name: "Ada", Muted: true, Secret: "secret-a"})
			s.KeepRoom("demo", Order{Locked: true})
		})
		kept, _ := crash(t, nil, func(s *Seats) {
			late := time.Now().Add(time.Hour)
			if _, ok := s.Claim("secret-a", late); ok {
				t.Error("a seat of nobody is claimed")
			}
			followed := map[string]bool{}
			s.journal.Follow(func(key string, value json.RawMessage) { followed[key] = value != nil })
			s.Adopt(left, late)
			if !followed["seat/a"] || !followed["room/demo"] || !s.Was("demo", late).Locked {
				t.Errorf("adopted: %v, %+v", followed, s.Was("demo", late))
			}
			if _, ok := s.Former("secret-a", late.Add(Grace)); ok {
				t.Error("a seat is there after the grace")
			}
			if seat, ok := s.Claim("secret-a", late.Add(Grace-1)); !ok || seat.ID != "a" || !seat.Muted {
				t.Errorf("claimed: %+v, %v", seat, ok)
			}
			s.Leave("a")
			if followed["seat/a"] {
				t.Error("a seat that is left is followed")
			}
		})
		if len(kept) != 1 {
			t.Errorf("the journal has %q", kept)
		}
	})
	var none *Seats
	none.Adopt(nil, time.Now())
}
