package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/record/retention"
	"tilemix/mcu/record/sidecar"
)

// TestMinFree has a disk fill up to what recordings leave free: the one that runs ends whole, and says
// why, and none begins.
func TestMinFree(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "4000"))
	cfg.MinFree = 2 << 20
	c, _ := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(3 * time.Second)
	if err := os.WriteFile(filepath.Join(cfg.Dir, "else"), make([]byte, 2500<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	info := await(t, c, id, ended)
	if info.State != sidecar.Finished || !strings.Contains(info.Reason, "--min-free") || !strings.Contains(info.Reason, "leave 2.0") {
		t.Errorf("it is %s: %q", info.State, info.Reason)
	}
	look(t, file(cfg, id))
	_, err := c.Start("studio", record.Options{})
	if !errors.Is(err, record.ErrStorage) || !strings.Contains(err.Error(), "--min-free") || strings.Contains(err.Error(), cfg.Dir) {
		t.Errorf("another began: %v", err)
	}
	if all := c.List(""); len(all) != 1 {
		t.Errorf("listed are %+v", all)
	}
	if err := os.Remove(filepath.Join(cfg.Dir, "else")); err != nil {
		t.Fatal(err)
	}
	finishEmpty(t, c, start(t, c))
}

// TestMinFreeShare: of a small disk, a share is left free, and not a GiB.
func TestMinFreeShare(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "4000"))
	cfg.MinFree = record.Share
	c, _ := recorder(t, cfg, s)
	finishEmpty(t, c, start(t, c))
	if err := os.WriteFile(filepath.Join(cfg.Dir, "else"), make([]byte, 3950<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrStorage) {
		t.Errorf("began on a full disk: %v", err)
	}
}

// finishEmpty ends a recording of which nothing is written.
func finishEmpty(t *testing.T, c *record.Recorder, id string) {
	t.Helper()
	if _, err := c.Stop(t.Context(), "studio", id); err != nil {
		t.Fatal(err)
	}
}

// TestMaxLength has recordings run for as long as they may, one of them in a pause.
func TestMaxLength(t *testing.T) {
	t.Parallel() // it waits
	s, cfg := newStudio(t), in(t.TempDir())
	cfg.MaxLength = 4 * time.Second // in which a busy machine writes something
	c, _ := recorder(t, cfg, s)
	one, two := start(t, c), start(t, c)
	s.roll(time.Second)
	if _, err := c.Pause("studio", two, true); err != nil && !errors.Is(err, record.ErrEnded) {
		t.Fatal(err)
	}
	for _, id := range []string{one, two} {
		info := await(t, c, id, ended)
		if info.State != sidecar.Finished || !strings.Contains(info.Reason, "4s (--max-recording)") {
			t.Errorf("it is %s: %q", info.State, info.Reason)
		}
		look(t, file(cfg, id))
	}
}

// TestMaxRoom: one room cannot have all recordings of the server.
func TestMaxRoom(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	cfg.MaxRoom = 2
	c, _ := recorder(t, cfg, s)
	first := start(t, c)
	start(t, c)
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrTooMany) || !strings.Contains(err.Error(), "--max-room-recordings") {
		t.Errorf("a third began: %v", err)
	}
	finishEmpty(t, c, first)
	start(t, c)
}

// TestTakenAway has the folder, or a file, be taken away from a recording: it has failed, as its file is
// not there.
func TestTakenAway(t *testing.T) {
	for name, take := range map[string]func(cfg record.Config, id string) error{
		"folder": func(cfg record.Config, _ string) error { return os.Rename(cfg.Dir, cfg.Dir+"-gone") },
		"file":   func(cfg record.Config, id string) error { return os.Remove(file(cfg, id)) },
		"file made anew": func(cfg record.Config, id string) error {
			return errors.Join(os.Remove(file(cfg, id)), os.WriteFile(file(cfg, id), []byte("else"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, cfg := newStudio(t), in(filepath.Join(t.TempDir(), "data"))
			c, _ := recorder(t, cfg, s)
			id := startTracks(t, c)
			newCamera(s).film(60)
			await(t, c, id, func(i sidecar.Info) bool { return i.Length > 1.5 && len(i.Participants[0].Tracks) > 0 })
			if err := take(cfg, id); err != nil {
				t.Fatal(err)
			}
			info, err := c.Stop(t.Context(), "studio", id)
			if err != nil || info.State != sidecar.Failed || !strings.Contains(info.Reason, "the file was taken away") {
				t.Errorf("it is %s: %q, %v", info.State, info.Reason, err)
			}
			track := info.Participants[0].Tracks[0]
			if taken := strings.Contains(track.Reason, "taken away"); taken != (name == "folder") || taken != (track.File == "") {
				t.Errorf("the track is %+v", track)
			}
		})
	}
}

// TestTakenAwayIsNoticed: a recording ends when its folder is taken away, without being stopped. The
// folder that is made anew belongs to this server, too.
func TestTakenAwayIsNoticed(t *testing.T) {
	s, cfg := newStudio(t), in(filepath.Join(t.TempDir(), "data"))
	c, stop := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(2 * time.Second)
	if err := os.Rename(cfg.Dir, cfg.Dir+"-gone"); err != nil {
		t.Fatal(err)
	}
	info := await(t, c, id, ended)
	if info.State != sidecar.Failed || !strings.Contains(info.Reason, "taken away") {
		t.Errorf("it is %s: %q", info.State, info.Reason)
	}
	next := start(t, c)
	s.roll(time.Second)
	other, _ := recorder(t, cfg, s)
	if _, err := other.Start("studio", record.Options{}); !errors.Is(err, record.ErrStorage) {
		t.Errorf("another server uses the new folder: %v", err)
	}
	moved := cfg
	moved.Dir += "-gone"
	late, _ := recorder(t, moved, s)
	if _, err := late.Start("studio", record.Options{}); !errors.Is(err, record.ErrStorage) {
		t.Errorf("another server uses the folder that was taken away: %v", err)
	}
	finish(t, c, next)
	look(t, file(cfg, next))
	stop()
	if all := again(t, cfg, s); len(all) != 2 || all[0].State != sidecar.Failed || all[1].State != sidecar.Finished {
		t.Errorf("the next server finds %+v", all)
	}
}

// TestBound has the bounds change while a recording runs: no other begins, it ends at its new length, and
// what is not kept goes, once that is no dry run.
func TestBound(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(time.Second)
	b := cfg.Ceilings
	b.MaxTotal = 1
	c.Bound(b)
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrTooMany) {
		t.Errorf("another began: %v", err)
	}
	b.MaxLength = 100 * time.Millisecond
	c.Bound(b)
	if info := await(t, c, id, ended); info.State != sidecar.Finished || !strings.Contains(info.Reason, "100ms (--max-recording)") {
		t.Errorf("it is %s: %q", info.State, info.Reason)
	}
	b.Keep = retention.Keeping{Size: 1, DryRun: true}
	c.Bound(b)
	b.MaxTotal, b.MaxLength = 2, 0
	c.Bound(b)
	finishEmpty(t, c, start(t, c))
	if all := c.List(""); len(all) != 2 {
		t.Errorf("a dry run leaves %+v", all)
	}
	b.Keep.DryRun = false
	c.Bound(b)
	poll.Until(t, "recordings to be deleted", func() bool { return len(c.List("")) == 0 })
}
