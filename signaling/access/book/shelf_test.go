package book_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/store"
)

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

type shelf struct {
	*book.Shelf
	dir string
	log *bytes.Buffer
}

func open(t testing.TB, dir string) shelf {
	t.Helper()
	log := new(bytes.Buffer)
	return shelf{book.New(dir, slog.New(slog.NewTextHandler(log, nil))), dir, log}
}

func (s shelf) path(room string) string { return filepath.Join(s.dir, room+".json") }

func (s shelf) write(t testing.TB, room, text string) {
	t.Helper()
	if err := store.Write(s.path(room), []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func rules(text string) func(*book.Book) error {
	return func(b *book.Book) error { b.Rules = json.RawMessage(text); return nil }
}

func invites(ids ...string) func(*book.Book) error {
	return func(b *book.Book) error {
		for _, id := range ids {
			b.Invites = append(b.Invites, book.Invite{ID: id, Hash: "h", Created: now})
		}
		return nil
	}
}

func bans(names ...string) func(*book.Book) error {
	return func(b *book.Book) error {
		for _, n := range names {
			b.Bans = append(b.Bans, book.Ban{ID: n, Identity: n, Created: now})
		}
		return nil
	}
}

func trouble(err error) bool { return errors.Is(err, &credential.Refusal{Code: "storage_trouble"}) }

// TestSurvives writes all sections and reads them by another Shelf, as after a restart.
func TestSurvives(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rooms"))
	if b, err := s.View("demo"); err != nil || b.Lasting() || b.ETag() != "" {
		t.Errorf("a room that nobody set up: %+v, %v", b, err)
	}
	for _, change := range []func(*book.Book) error{
		rules(`{"title":"Standup"}`), invites("a", "b"), bans("eve"),
		func(b *book.Book) error { b.Pins = []book.Pin{{Hash: "x"}}; return nil },
	} {
		if _, err := s.Update("demo", "", change); err != nil {
			t.Fatal(err)
		}
	}
	b, err := open(t, s.dir).View("demo")
	if err != nil || string(compact(t, b.Rules)) != `{"title":"Standup"}` || len(b.Invites) != 2 || len(b.Bans) != 1 || len(b.Pins) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	info, err := os.Stat(s.path("demo"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if rooms, err := s.Rooms(); !slices.Equal(rooms, []string{"demo"}) || err != nil || s.Check() != nil {
		t.Errorf("%v, %v, %v", rooms, err, s.Check())
	}
	if _, err := s.Update("demo", "", func(b *book.Book) error { *b = book.Book{}; return nil }); err != nil {
		t.Fatal(err)
	}
	if rooms, _ := s.Rooms(); len(rooms) != 0 {
		t.Errorf("an empty book has a file: %v", rooms)
	}
}

func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestETag changes a room by what two people know of it.
func TestETag(t *testing.T) {
	s := open(t, t.TempDir())
	one, err := s.Update("demo", "", rules(`{"n":1}`))
	if err != nil || one.ETag() == "" {
		t.Fatal(err)
	}
	if _, err := s.Update("demo", "", invites("a")); err != nil {
		t.Fatal(err)
	}
	read, err := open(t, s.dir).View("demo")
	if err != nil || read.ETag() != one.ETag() {
		t.Errorf("an invite, or a restart, changes the tag: %s, %s", read.ETag(), one.ETag())
	}
	two, err := s.Update("demo", one.ETag(), rules(`{"n":2}`))
	if err != nil || two.ETag() == one.ETag() {
		t.Errorf("%v, %s", err, two.ETag())
	}
	if _, err := s.Update("demo", one.ETag(), rules(`{"n":3}`)); !errors.Is(err, book.ErrChanged) {
		t.Errorf("a change of an old state: %v", err)
	}
	if _, err := s.Update("demo", two.ETag(), func(b *book.Book) error { b.Pins = []book.Pin{{Hash: "x"}}; return nil }); err != nil {
		t.Error(err)
	}
	if b, _ := s.View("demo"); b.ETag() == two.ETag() {
		t.Error("a PIN does not change the tag")
	}
}

// TestBroken breaks a file under a Shelf that has read it, and under one that has not.
func TestBroken(t *testing.T) {
	for name, c := range map[string]struct{ text, words string }{
		"cut":     {"{\n\"version\":1,\n\"invites\":[", "demo.json:3"},
		"unknown": {"{\n\"version\":1,\n\"invitations\":[]}", "invitations"},
		"newer":   {`{"version":2,"future":{}}`, "version 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			if _, err := s.Update("demo", "", invites("a")); err != nil {
				t.Fatal(err)
			}
			s.write(t, "demo", c.text)
			for range 3 {
				if b, err := s.View("demo"); err != nil || len(b.Invites) != 1 {
					t.Errorf("what worked before: %+v, %v", b, err)
				}
			}
			if _, err := s.Update("demo", "", invites("b")); !trouble(err) {
				t.Errorf("a change over a broken file: %v", err)
			}
			after := open(t, s.dir)
			for range 3 {
				if _, err := after.View("demo"); !trouble(err) || strings.Contains(err.Error(), s.dir) {
					t.Errorf("after a restart: %v", err)
				}
			}
			if _, err := after.Update("demo", "", invites("b")); !trouble(err) {
				t.Errorf("a change after a restart: %v", err)
			}
			if data, _ := os.ReadFile(s.path("demo")); string(data) != c.text {
				t.Errorf("the file was written over: %s", data)
			}
			if n := strings.Count(after.log.String(), c.words); n != 1 {
				t.Errorf("the log names the place %d times: %s", n, after.log)
			}
			if err := after.Check(); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("check: %v", err)
			}
			s.write(t, "demo", `{"version":1,"rules":{}}`)
			for _, s := range []shelf{s, after} {
				if b, err := s.View("demo"); err != nil || len(b.Rules) == 0 {
					t.Errorf("the corrected file: %+v, %v", b, err)
				}
				if _, err := s.Update("demo", "", bans("eve")); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestBansAlone keeps the bans of a room that nobody set up in memory, and of others on disk.
func TestBansAlone(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Update("adhoc", "", bans("eve")); err != nil {
		t.Fatal(err)
	}
	if b, _ := s.View("adhoc"); len(b.Bans) != 1 {
		t.Error("the ban is gone")
	}
	if rooms, _ := s.Rooms(); len(rooms) != 0 {
		t.Error("a ban alone has a file")
	}
	if _, err := s.Update("adhoc", "", rules(`{}`)); err != nil {
		t.Fatal(err)
	}
	if b, err := open(t, s.dir).View("adhoc"); err != nil || len(b.Bans) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	for i := range 10_050 { // more rooms than are kept in memory
		if _, err := s.Update(fmt.Sprintf("r%d", i), "", bans("eve")); err != nil {
			t.Fatal(err)
		}
	}
	first, _ := s.View("r0")
	last, _ := s.View("r10049")
	kept, _ := s.View("adhoc")
	if len(first.Bans) != 0 || len(last.Bans) != 1 || len(kept.Bans) != 1 {
		t.Errorf("%d, %d, %d bans", len(first.Bans), len(last.Bans), len(kept.Bans))
	}
}

// TestNote writes notes once a minute, with the next update, and at the end.
func TestNote(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Update("demo", "", invites("a")); err != nil {
		t.Fatal(err)
	}
	use := func(b *book.Book) error { b.Invites[0].Used++; return nil }
	onDisk := func() int {
		b, err := open(t, s.dir).View("demo")
		if err != nil {
			t.Fatal(err)
		}
		return b.Invites[0].Used
	}
	for i, step := range []struct {
		do   func() error
		want int
	}{
		{func() error { _, err := s.Note("demo", now, use); return err }, 1},
		{func() error { _, err := s.Note("demo", now.Add(time.Second), use); return err }, 1},
		{func() error { _, err := s.Note("demo", now.Add(59*time.Second), use); return err }, 1},
		{func() error { _, err := s.Note("demo", now.Add(61*time.Second), use); return err }, 4},
		{func() error { _, err := s.Note("demo", now.Add(62*time.Second), use); return err }, 4},
		{s.Flush, 5},
		{func() error { _, err := s.Note("demo", now.Add(63*time.Second), use); return err }, 5},
		{func() error { _, err := s.Update("demo", "", bans("eve")); return err }, 6},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := onDisk(); got != step.want {
			t.Errorf("step %d: %d uses on disk, want %d", i, got, step.want)
		}
	}
	if b, _ := s.View("demo"); b.Invites[0].Used != 6 {
		t.Errorf("%d uses in memory", b.Invites[0].Used)
	}
}

// TestParallel has many writers and readers of one room. A reader never sees half a change.
func TestParallel(t *testing.T) {
	s := open(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 4 {
				id := fmt.Sprintf("%d-%d", i, j)
				if _, err := s.Update("demo", "", func(b *book.Book) error {
					return errors.Join(invites(id)(b), bans(id)(b))
				}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 40 {
				if b, err := s.View("demo"); err != nil || len(b.Invites) != len(b.Bans) {
					t.Errorf("%d invites, %d bans, %v", len(b.Invites), len(b.Bans), err)
				}
			}
		})
	}
	wg.Wait()
	if b, _ := open(t, s.dir).View("demo"); len(b.Invites) != 32 {
		t.Errorf("%d of 32 invites", len(b.Invites))
	}
}

// TestRefused has names that are no rooms, changes that fail, and a folder that takes no file.
func TestRefused(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rooms"))
	for _, room := range []string{"", "..", "../x", "a/b", "a.json", strings.Repeat("a", 65)} {
		if _, err := s.View(room); !errors.Is(err, mcu.ErrBadName) {
			t.Errorf("%q: %v", room, err)
		}
		if _, err := s.Update(room, "", rules(`{}`)); !errors.Is(err, mcu.ErrBadName) {
			t.Errorf("%q: %v", room, err)
		}
	}
	no := errors.New("no")
	if _, err := s.Update("demo", "", func(b *book.Book) error { b.Rules = json.RawMessage(`{}`); return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if b, _ := s.View("demo"); b.Lasting() {
		t.Error("a change that failed has changed something")
	}
	if _, err := s.Update("demo", "", func(b *book.Book) error {
		return errors.Join(bans("eve")(b), invites("a")(b))
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update("demo", "", func(b *book.Book) error { b.Bans[0].Reason, b.Invites[0].Used = "x", 1; return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if b, _ := s.View("demo"); b.Bans[0].Reason != "" || b.Invites[0].Used != 0 {
		t.Error("a change that failed has changed what is there")
	}
	if _, err := s.Update("demo", "", rules(`{`)); !trouble(err) {
		t.Errorf("rules that are no JSON: %v", err)
	}
	if err := errors.Join(os.RemoveAll(s.dir), os.WriteFile(s.dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update("demo", "", rules(`{}`)); !trouble(err) {
		t.Errorf("a folder that is a file: %v", err)
	}
}

// FuzzFile reads any bytes as the file of a room, and writes over those that it can read.
func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"rules":{"a":1},"invites":[{"id":"a","role":"host","created":"2026-05-04T09:00:00Z"}],"bans":[{"prefix":"10.0.0.0/8"}],"pins":[{"role":"host","hash":"x"}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"bans":[{"prefix":"x"}]}`))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := open(t, t.TempDir())
		if err := os.WriteFile(s.path("demo"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := s.View("demo")
		if err != nil {
			if !trouble(err) {
				t.Error(err)
			}
			return
		}
		if _, err := s.Update("demo", "", bans("eve")); err != nil {
			t.Fatal(err)
		}
		after, err := open(t, s.dir).View("demo")
		if err != nil || len(after.Bans) != len(b.Bans)+1 || len(after.Invites) != len(b.Invites) {
			t.Errorf("%v: %+v", err, after)
		}
	})
}
