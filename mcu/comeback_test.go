package mcu_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/journal"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
	"tilemix/mcu/seats"
)

// seated is a small server whose seats outlast it. left is what the one before has left.
func seated(t *testing.T, left map[string]json.RawMessage, terms rules.Terms) (s *stage, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal.jsonl")
	j, _, _, err := journal.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = j.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	cfg := small()
	cfg.Seats = seats.New(j, left, time.Now())
	cfg.Rules = func(string) (rules.Terms, error) { return terms, nil }
	return serve(t, cfg), path
}

// TestComeBackAfterCrash has a host lock a room, and a server that knows what the first has left. The host
// comes back as itself, and a stranger stays outside, and would be no host.
func TestComeBackAfterCrash(t *testing.T) {
	first, path := seated(t, nil, rules.Terms{})
	g := &guest{}
	var err error
	if g.p, err = first.Join(mcu.JoinOptions{Room: "call", Name: "Ada", Send: g.news.put, Resumable: true, Grant: policy.Grant{First: true}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.p.Leave(); <-g.p.Done() })
	welcome := next(t, &g.news, "a welcome", func(control.Welcome) bool { return true })
	first.connect(g)
	next(t, &g.news, "to be host", func(m control.Standing) bool { return m.Role == "host" })
	g.p.Handle(control.Lock{Locked: true})
	g.p.Handle(control.ChooseLayout{Name: "speaker"})
	next(t, &g.news, "the layout", func(m control.Layout) bool { return m.Name == "speaker" })

	var left map[string]json.RawMessage
	first.await("the journal to have all", func() bool {
		_, left, _, _ = journal.Open(path, slog.New(slog.DiscardHandler))
		var was seats.Order
		_ = json.Unmarshal(left["room/call"], &was)
		return was.Locked && was.Layout == "speaker" && left["seat/"+welcome.ID] != nil
	})
	second, _ := seated(t, left, rules.Terms{})
	if err := second.Admits("call", "Eve", policy.Grant{First: true}); !errors.Is(err, room.ErrLocked) {
		t.Errorf("a stranger: %v", err)
	}
	if grant, err := second.Grant("call", welcome.Resume); err != nil || grant.Role != policy.Host {
		t.Errorf("the host may %+v, %v", grant, err)
	}
	if _, _, err := second.Resume(mcu.JoinOptions{Room: "call", Resumable: true}, "guess"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a guess: %v", err)
	}
	back := &guest{}
	if back.p, _, err = second.Resume(mcu.JoinOptions{Room: "call", Name: "Other", Send: back.news.put, Resumable: true}, welcome.Resume); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { back.p.Leave(); <-back.p.Done() })
	again := next(t, &back.news, "a welcome", func(control.Welcome) bool { return true })
	if again.ID != welcome.ID || again.Resume != welcome.Resume || again.Name != "Ada" || again.Role != "host" {
		t.Errorf("welcomed as %+v, and was %+v", again, welcome)
	}
	second.connect(back)
	next(t, &back.news, "the layout", func(m control.Layout) bool { return m.Name == "speaker" })
	if err := second.Admits("call", "Eve", policy.Grant{}); !errors.Is(err, room.ErrLocked) {
		t.Errorf("a stranger once the host is back: %v", err)
	}
}

// TestComeBackEarly has the clock of a machine go back before the time at which a room opens, as at the start of one
// whose clock has no battery. A client that was in the room comes back, and a stranger waits for the time.
func TestComeBackEarly(t *testing.T) {
	first, path := seated(t, nil, rules.Terms{})
	g := &guest{}
	var err error
	if g.p, err = first.Join(mcu.JoinOptions{Room: "call", Name: "Ada", Send: g.news.put, Resumable: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.p.Leave(); <-g.p.Done() })
	welcome := next(t, &g.news, "a welcome", func(control.Welcome) bool { return true })
	first.connect(g)
	var left map[string]json.RawMessage
	first.await("the journal to have it", func() bool {
		_, left, _, _ = journal.Open(path, slog.New(slog.DiscardHandler))
		return left["seat/"+welcome.ID] != nil
	})
	second, _ := seated(t, left, rules.Terms{NotBefore: time.Now().Add(time.Hour)})
	if _, err := second.Join(mcu.JoinOptions{Room: "call", Name: "Eve"}); !errors.Is(err, rules.ErrEarly) {
		t.Errorf("a stranger: %v", err)
	}
	back, _, err := second.Resume(mcu.JoinOptions{Room: "call", Resumable: true}, welcome.Resume)
	if err != nil {
		t.Fatal(err)
	}
	back.Leave()
	<-back.Done()
}
