package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/event"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
)

// TestDiskFull fills a small disk: what is written stays, and says why it ended.
func TestDiskFull(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "100"))
	c, _ := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(20 * time.Second)
	info := await(t, c, id, ended)
	if info.State != sidecar.Failed || !strings.Contains(info.Reason, "no space left") || strings.Contains(info.Reason, cfg.Dir) {
		t.Errorf("it is %s: %q", info.State, info.Reason)
	}
	if p := look(t, file(cfg, id)); p.length() < time.Second {
		t.Errorf("only %v are left of %d bytes", p.length(), info.Size)
	} else if d := time.Duration(info.Length*float64(time.Second)) - p.length(); d.Abs() > frame {
		t.Errorf("it says %v s, FFmpeg %v", info.Length, p.length())
	}
	if last := s.told[len(s.told)-1]; last[0].State != "failed" || last[0].Reason == "" {
		t.Errorf("the room heard %+v", last)
	}
}

// TestDiskFullAtStart has no space as a recording is to begin. It does not begin, says why, leaves nothing, and
// the room is told of nothing. With space it begins.
func TestDiskFullAtStart(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "100"))
	c, _ := recorder(t, cfg, s)
	free := codectest.Fill(t, cfg.Dir)
	_, err := c.Start("studio", record.Options{})
	if !errors.Is(err, record.ErrStorage) || !strings.Contains(err.Error(), "no space left") || strings.Contains(err.Error(), cfg.Dir) {
		t.Errorf("on a full disk: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Dir, "*.*")); len(left) > 0 || len(c.List("")) > 0 || len(s.told) > 0 {
		t.Errorf("left are %q, listed %+v, told %+v", left, c.List(""), s.told)
	}
	free()
	finishEmpty(t, c, start(t, c))
}

// TestDiskFullOfTracks fills a small disk while there is a track. What is in that is whole,
// and the time line says why it ends.
func TestDiskFullOfTracks(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "300"))
	c, _ := recorder(t, cfg, s)
	ada := newCamera(s)
	id := startTracks(t, c)
	ada.film(60)
	await(t, c, id, func(i sidecar.Info) bool { return i.Length > 1.5 && i.Size > 0 })
	codectest.Fill(t, cfg.Dir)
	ada.film(120)
	info := await(t, c, id, ended)
	if info.State != sidecar.Failed {
		t.Errorf("it is %s", info.State)
	}
	video := info.Participants[0].Tracks[0]
	if !strings.Contains(video.Reason, "no space left") || strings.Contains(video.Reason, cfg.Dir) {
		t.Errorf("the track ends by %q", video.Reason)
	}
	if p := look(t, filepath.Join(cfg.Dir, video.File)); p.length() < time.Second || p.length() > 3*time.Second {
		t.Errorf("the track is %v long", p.length())
	}
}

// TestFullDiskKnows has a disk stay full after a recording failed. The next server finds it
// as it was, and tells nobody of it again; the one after that too, of one that was cut off.
func TestFullDiskKnows(t *testing.T) {
	s, cfg := newStudio(t), in(codectest.SmallDisk(t, "300"))
	var told []string
	cfg.Events = func(e event.Event) { told = append(told, string(e.Type)) }
	c, stop := recorder(t, cfg, s)
	id, ada := startTracks(t, c), newCamera(s)
	ada.film(60)
	await(t, c, id, func(i sidecar.Info) bool { return i.Length > 1.5 && i.Size > 0 })
	beside := filepath.Join(cfg.Dir, id+".json")
	running, err := os.ReadFile(beside)
	if err != nil {
		t.Fatal(err)
	}
	codectest.Fill(t, cfg.Dir)
	ada.film(120)
	info := await(t, c, id, ended)
	codectest.Fill(t, cfg.Dir) // what the end of the files gave back
	stop()
	if all := again(t, cfg, s); len(all) != 1 || all[0].State != sidecar.Failed || all[0].Reason != info.Reason {
		t.Errorf("%+v became %+v", info, all)
	}
	if got := strings.Join(told, " "); got != "recording.started recording.failed" {
		t.Errorf("events are %q", got)
	}
	put(t, beside, running)
	for range 2 {
		if all := again(t, cfg, s); len(all) != 1 || !all[0].State.Ended() {
			t.Errorf("it became %+v", all)
		}
	}
	if len(told) != 3 {
		t.Errorf("events are %q", told)
	}
}

// TestStateLater has a state that cannot be written down as its recording ends. It is as
// the server stops.
func TestStateLater(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, stop := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(2 * time.Second)
	beside := filepath.Join(cfg.Dir, id+".json")
	if err := errors.Join(os.Remove(beside), os.Mkdir(beside, 0o700)); err != nil {
		t.Fatal(err)
	}
	info := finish(t, c, id)
	if err := os.Remove(beside); err != nil {
		t.Fatal(err)
	}
	stop()
	if all := again(t, cfg, s); len(all) != 1 || !reflect.DeepEqual(all[0], info) {
		t.Errorf("%+v became %+v", info, all)
	}
}
