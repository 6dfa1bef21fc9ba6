package copies_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record/copies"
	"tilemix/mcu/record/sidecar"
)

func TestMain(m *testing.M) { poll.Main(m) }

const (
	secretKey = "keep-this-to-yourself"
	patience  = 20 * time.Second
)

// shelf is recordings in a folder.
type shelf struct {
	dir string
	mu  sync.Mutex
	all []sidecar.Info
}

// add puts a recording of some bytes there, with a track of half as many.
func (s *shelf) add(t *testing.T, id string, size int) (mix []byte) {
	t.Helper()
	mix = make([]byte, size)
	for i := range mix {
		mix[i] = byte(rand.Uint32())
	}
	track := id + "-000-a-audio.mp4"
	for name, data := range map[string][]byte{id + ".mp4": mix, track: mix[:size/2]} {
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, sidecar.Info{
		ID: id, Room: "demo", State: sidecar.Finished, Size: int64(size),
		Participants: []sidecar.Person{{ID: "a", Tracks: []sidecar.Track{{File: track}}}},
	})
	return mix
}

func (s *shelf) List(string) []sidecar.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func (s *shelf) Open(_, id, name string) (*os.File, int64, error) {
	if name == "" {
		name = id + ".mp4"
	}
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return nil, 0, mcu.ErrNotFound
	}
	about, err := f.Stat()
	return f, about.Size(), err
}

func (s *shelf) Remove(_, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(i sidecar.Info) bool { return i.ID == id })
	return nil
}

// copier is one that runs.
type copier struct {
	*copies.Copier
	events chan event.Event
	log    *bytes.Buffer // to be read once it has stopped
	stop   func()
}

func config(t *testing.T, b *bucket) copies.Config {
	cfg := copies.Default()
	cfg.URL, cfg.AccessKey, cfg.SecretKey = b.URL+"/calls/2026", "tester", secretKey
	cfg.Dir, cfg.PartSize = filepath.Join(t.TempDir(), "copies"), 5<<20
	cfg.Retry.First, cfg.Retry.Longest, cfg.Stall = 5*time.Millisecond, 20*time.Millisecond, patience
	return cfg
}

func run(t *testing.T, cfg copies.Config, from *shelf) *copier {
	t.Helper()
	c := &copier{events: make(chan event.Event, 100), log: new(bytes.Buffer)}
	cfg.Events = func(e event.Event) { c.events <- e }
	var err error
	if c.Copier, err = copies.New(cfg, from, slog.New(slog.NewTextHandler(c.log, nil))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if strings.Contains(c.log.String(), secretKey) {
			t.Errorf("the log has the secret: %s", c.log)
		}
	})
	t.Cleanup(c.stop)
	return c
}

// next is the next event.
func (c *copier) next(t *testing.T, want event.Type) event.Event {
	t.Helper()
	select {
	case e := <-c.events:
		if e.Type != want {
			t.Fatalf("the event is %s %+v, not %s", e.Type, e.Recording, want)
		}
		return e
	case <-time.After(patience):
		t.Fatalf("no event came, want %s", want)
		return event.Event{}
	}
}

// TestCopy copies a small and a large recording, one of which was there before: all files arrive, that with
// the state last, and no later run copies anything again.
func TestCopy(t *testing.T) {
	b, from := serve(t), &shelf{dir: t.TempDir()}
	cfg := config(t, b)
	small := from.add(t, "20261128-a", 1000)
	c := run(t, cfg, from)
	if e := c.next(t, event.RecordingCopied); e.Room != "demo" || e.Recording.URL != b.URL+"/calls/2026/20261128-a.mp4" || e.Recording.Bytes != 1000 {
		t.Errorf("the event is %+v", e.Recording)
	}
	large := from.add(t, "20261128-b", 12<<20)
	c.Hear(event.New(event.RecordingFinished, "demo"))
	c.next(t, event.RecordingCopied)
	for key, want := range map[string][]byte{
		"2026/20261128-a.mp4": small, "2026/20261128-a-000-a-audio.mp4": small[:500],
		"2026/20261128-b.mp4": large, "2026/20261128-b-000-a-audio.mp4": large[:6<<20],
	} {
		if got, ok := b.object(key); !ok || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, not %d", key, len(got), len(want))
		}
	}
	var about sidecar.Info
	if text, ok := b.object("2026/20261128-b.json"); !ok || json.Unmarshal(text, &about) != nil || about.ID != "20261128-b" {
		t.Errorf("the state is %s", text)
	}
	c.stop()
	puts := b.puts
	if puts != 2+3+2+2 { // small files, parts, states
		t.Errorf("%d files and parts were sent", puts)
	}
	again := run(t, cfg, from)
	from.add(t, "20261128-c", 10)
	again.Hear(event.New(event.RecordingFailed, "demo"))
	again.next(t, event.RecordingCopied)
	again.stop()
	if b.puts != puts+3 {
		t.Errorf("a later run sent %d more", b.puts-puts)
	}
}

// TestIll has storage that refuses, hangs, ends connections and lies: nothing is removed before the copy
// agrees, the first failure is an event with its reason, and the copy is made once the storage is well.
func TestIll(t *testing.T) {
	for name, test := range map[string]struct {
		ill    func(http.ResponseWriter, *http.Request) bool
		lies   func([]byte, string) ([]byte, string)
		reason string
	}{
		"refuses": {ill: func(w http.ResponseWriter, r *http.Request) bool {
			refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", "not "+secretKey)
			return true
		}, reason: "the storage refuses: SignatureDoesNotMatch: not ***"},
		"is full": {ill: func(w http.ResponseWriter, r *http.Request) bool {
			refuse(w, http.StatusInsufficientStorage, "QuotaExceeded", "no place is left")
			return true
		}, reason: "no place is left"},
		"hangs": {ill: func(_ http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return true
		}, reason: "the storage takes nothing and sends nothing"},
		"ends connections": {ill: func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, reason: "Connection closed"},
		"answers nonsense": {ill: func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("<html>"))
			return true
		}, reason: "the storage refuses: 418 I'm a teapot"},
		"keeps other bytes": {lies: func(data []byte, tag string) ([]byte, string) {
			data[0]++
			return data, fmt.Sprintf("%x", md5sum(data))
		}, reason: "the storage has other bytes than were sent"},
		"keeps half": {lies: func(data []byte, tag string) ([]byte, string) { return data[:len(data)/2], tag }, reason: "500 bytes, not 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, from := serve(t), &shelf{dir: t.TempDir()}
			mix := from.add(t, "20261128-a", 1000)
			b.be(test.ill, test.lies)
			cfg := config(t, b)
			cfg.Remove = true
			if name == "hangs" {
				cfg.Stall = time.Second
			}
			c := run(t, cfg, from)
			if e := c.next(t, event.RecordingCopyFailed); !strings.Contains(e.Recording.Reason, test.reason) {
				t.Errorf("the reason is %q, not %q", e.Recording.Reason, test.reason)
			}
			if len(from.List("")) != 1 {
				t.Error("the recording was removed")
			}
			b.be(nil, nil)
			c.next(t, event.RecordingCopied)
			if got, _ := b.object("2026/20261128-a.mp4"); !bytes.Equal(got, mix) {
				t.Error("the copy has other bytes")
			}
			poll.Until(t, "the recording to be removed", func() bool { return len(from.List("")) == 0 })
		})
	}
}

// TestDiskFull has no space to note what was copied. It is copied once all the same, and removed where that is
// wanted, which makes space.
func TestDiskFull(t *testing.T) {
	for name, remove := range map[string]bool{"kept": false, "removed": true} {
		t.Run(name, func(t *testing.T) {
			b, from := serve(t), &shelf{dir: t.TempDir()}
			from.add(t, "20261128-a", 1000)
			cfg := config(t, b)
			cfg.Remove = remove
			disk := codectest.SmallDisk(t, "64")
			cfg.Dir = filepath.Join(disk, "copies")
			codectest.Fill(t, disk)
			c := run(t, cfg, from)
			c.next(t, event.RecordingCopied)
			from.add(t, "20261128-b", 1000)
			c.Hear(event.New(event.RecordingFinished, "demo"))
			if e := c.next(t, event.RecordingCopied); e.Recording.ID != "20261128-b" {
				t.Errorf("copied again is %+v", e.Recording)
			}
			c.stop()
			if b.puts != 2*3 {
				t.Errorf("%d files were sent", b.puts)
			}
			if left := len(from.List("")); left != map[bool]int{false: 2, true: 0}[remove] {
				t.Errorf("%d recordings are left", left)
			}
			if said := strings.Contains(c.log.String(), "will be copied again by the next server"); said == remove {
				t.Errorf("the log: %s", c.log)
			}
		})
	}
}

// TestForeignTags: storage that encrypts has ETags of its own, and what it has is read back.
func TestForeignTags(t *testing.T) {
	b, from := serve(t), &shelf{dir: t.TempDir()}
	b.be(nil, func(data []byte, _ string) ([]byte, string) { return data, "b10a8db164e0754105b7a99be72e3fe5" })
	from.add(t, "20261128-a", 6<<20)
	run(t, config(t, b), from).next(t, event.RecordingCopied)
}

// TestGone: a recording that somebody takes away before its copy stops nothing.
func TestGone(t *testing.T) {
	b, from := serve(t), &shelf{dir: t.TempDir()}
	from.add(t, "20261128-a", 10)
	if err := os.Remove(filepath.Join(from.dir, "20261128-a.mp4")); err != nil {
		t.Fatal(err)
	}
	from.add(t, "20261128-b", 10)
	if e := run(t, config(t, b), from).next(t, event.RecordingCopied); e.Recording.ID != "20261128-b" {
		t.Errorf("copied is %+v", e.Recording)
	}
}

// TestConfig: settings that cannot be are errors that name them, and the usual ones cost nothing.
func TestConfig(t *testing.T) {
	for url, want := range map[string]string{
		"ftp://host/bucket": "--archive must be like", "https://user:pass@host/bucket": "--archive must be like",
		"https://host": "names no bucket", "https://host/b": "names no bucket", "host/bucket": "--archive must be like",
	} {
		cfg := copies.Default()
		cfg.URL = url
		if err := cfg.Check(); !errors.Is(err, copies.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", url, err, want)
		}
	}
	cfg := copies.Default()
	cfg.URL, cfg.AccessKey = "https://host/bucket", "a"
	if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), "--archive-secret-key") {
		t.Errorf("one key: %v", err)
	}
	c, err := copies.New(copies.Default(), &shelf{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.Hear(event.New(event.RecordingFinished, "demo"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Run(ctx); err != nil {
		t.Error(err)
	}
}
