package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
)

const frame = time.Second / frameRate

// TestRecording records five seconds. The file is whole, and everybody heard how it
// went.
func TestRecording(t *testing.T) {
	s, cfg := newStudio(t), in(filepath.Join(t.TempDir(), "made", "as needed"))
	var events []string // by one goroutine
	cfg.Events = func(e event.Event) { events = append(events, string(e.Type)) }
	c, _ := recorder(t, cfg, s)
	s.roll(time.Second)
	id := start(t, c)
	s.roll(5 * time.Second)
	grown := await(t, c, id, func(i sidecar.Info) bool { return i.State == sidecar.Recording && i.Length > 4 })
	if grown.Size == 0 {
		t.Errorf("while it grows, it is %+v", grown)
	}
	info := finish(t, c, id)
	p := look(t, file(cfg, id))
	if n := p.frames("h264"); n != 150 {
		t.Errorf("%d pictures", n)
	}
	if n := p.frames("opus"); n < 249 || n > 251 {
		t.Errorf("%d blocks of sound", n)
	}
	if p.Format.Tags.Title != "studio" || p.Format.Tags.Created != info.Started.Format("2006-01-02T15:04:05.000000Z")[:20]+"000000Z" {
		t.Errorf("tags are %+v", p.Format.Tags)
	}
	told := time.Duration(info.Length * float64(time.Second))
	if (p.length()-told).Abs() > frame || (told-5*time.Second).Abs() > frame {
		t.Errorf("FFmpeg says %v, the recording %v", p.length(), told)
	}
	stat, err := os.Stat(file(cfg, id))
	if err != nil || stat.Size() != info.Size {
		t.Errorf("file has %v bytes, the recording says %d: %v", stat, info.Size, err)
	}
	var states []string
	for _, all := range s.told {
		states = append(states, all[0].State)
	}
	if got := strings.Join(states, " "); got != "starting recording finished" {
		t.Errorf("the room heard %q", got)
	}
	if got := strings.Join(events, " "); got != "recording.started recording.finished" {
		t.Errorf("events are %q", got)
	}
	if again, err := c.Stop(t.Context(), "studio", id); err != nil || !reflect.DeepEqual(again, info) {
		t.Errorf("stopped twice: %+v, %v", again, err)
	}
}

// TestPause leaves the middle out: what is before and behind it follow each other.
func TestPause(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(2 * time.Second)
	if info, err := c.Pause("studio", id, true); err != nil || info.State != sidecar.Paused {
		t.Fatalf("paused: %+v, %v", info, err)
	}
	await(t, c, id, func(i sidecar.Info) bool { return i.Length > 1.9 && i.Size > 0 })
	look(t, file(cfg, id)) // what is there plays
	s.roll(3 * time.Second)
	if info, err := c.Pause("studio", id, false); err != nil || info.State != sidecar.Recording {
		t.Fatalf("resumed: %+v, %v", info, err)
	}
	s.roll(2 * time.Second)
	info := finish(t, c, id)
	p := look(t, file(cfg, id))
	if n := p.frames("h264"); n != 120 {
		t.Errorf("%d pictures", n)
	}
	if l := p.length(); (l-4*time.Second).Abs() > frame+20*time.Millisecond || info.Length < 3.9 || info.Length > 4.1 {
		t.Errorf("%v long, it says %v s", l, info.Length)
	}
	if _, err := c.Pause("studio", id, true); !errors.Is(err, record.ErrEnded) {
		t.Errorf("paused after its end: %v", err)
	}
}

// TestEnds: the room or the server ends first, also in a pause.
func TestEnds(t *testing.T) {
	for name, end := range map[string]func(s *studio, stop func()){
		"the room ended":         func(s *studio, _ func()) { s.end() },
		"the server was stopped": func(_ *studio, stop func()) { stop() },
	} {
		for _, pause := range []bool{false, true} {
			s, cfg := newStudio(t), in(t.TempDir())
			c, stop := recorder(t, cfg, s)
			id := start(t, c)
			s.roll(2 * time.Second)
			if pause {
				if _, err := c.Pause("studio", id, true); err != nil {
					t.Fatal(err)
				}
			}
			end(s, stop)
			info := await(t, c, id, ended)
			if info.State != sidecar.Finished || info.Reason != name {
				t.Errorf("it is %s: %q, not %q", info.State, info.Reason, name)
			}
			if p := look(t, file(cfg, id)); p.frames("h264") != 60 {
				t.Errorf("%s: %d pictures", name, p.frames("h264"))
			}
		}
	}
}

// TestNewSize has the picture change its size on the way.
func TestNewSize(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(2 * time.Second)
	s.resize(480, 270)
	s.roll(2 * time.Second)
	finish(t, c, id)
	if p := look(t, file(cfg, id)); p.frames("h264") != 120 {
		t.Errorf("%d pictures", p.frames("h264"))
	}
}

// TestSeveral: a second recording of a room is a file of its own, and there may not be
// any number of them.
func TestSeveral(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	cfg.MaxTotal = 2
	c, _ := recorder(t, cfg, s)
	one := start(t, c)
	s.roll(time.Second)
	two := start(t, c)
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrTooMany) {
		t.Errorf("a third began: %v", err)
	}
	s.roll(time.Second)
	finish(t, c, one)
	s.roll(time.Second)
	finish(t, c, two)
	if n := look(t, file(cfg, one)).frames("h264"); n != 60 {
		t.Errorf("one has %d pictures", n)
	}
	if n := look(t, file(cfg, two)).frames("h264"); n != 60 {
		t.Errorf("two has %d pictures", n)
	}
	if all := c.List("studio"); len(all) != 2 || len(c.List("")) != 2 || len(c.List("other")) != 0 {
		t.Errorf("listed are %+v", all)
	}
}

// TestInterrupted takes the folder away from under a server, as kill -9 does, and finds
// what is in it again.
func TestInterrupted(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	id, none := start(t, c), ""
	for _, d := range []time.Duration{0, 900, 2100, 3800, 5000} {
		s.roll(d * time.Millisecond)
		if none == "" {
			none = start(t, c) // nothing of it is written in the first copy
		}
		if d > 0 { // the recording keeps pace, where the machine lets it
			await(t, c, id, func(i sidecar.Info) bool { return i.Length > s.at.Seconds()-0.5 })
		}
		later := in(t.TempDir())
		told := map[string]event.Event{}
		later.Events = func(e event.Event) { told[e.Recording.ID] = e }
		copyFiles(t, later.Dir, cfg.Dir)
		next, _ := recorder(t, later, s)
		info, err := next.Get("studio", id)
		if err != nil {
			t.Fatal(err)
		}
		if d == 0 {
			if info.State != sidecar.Failed {
				t.Errorf("an empty one is %+v", info)
			}
			continue
		}
		if e := told[id]; e.Type != event.RecordingFinished || e.Recording.Reason != info.Reason || e.Recording.Bytes != info.Size {
			t.Errorf("what is told is %+v", e)
		}
		if info.State != sidecar.Finished || !strings.HasPrefix(info.Reason, "interrupted") {
			t.Errorf("it is %s: %q", info.State, info.Reason)
		}
		p := look(t, file(later, id))
		if lost := s.at - p.length(); lost > 2*time.Second {
			t.Errorf("after %v, %v is lost", s.at, lost)
		}
		if told := time.Duration(info.Length * float64(time.Second)); (told - p.length()).Abs() > frame {
			t.Errorf("it says %v, FFmpeg %v", told, p.length())
		}
	}
}

// copyFiles copies a folder that is written to, but for files that are not whole.
func copyFiles(t *testing.T, to, from string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(from, "*[^~]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(to, filepath.Base(path)), data)
	}
}

// TestSecondServer has a server come into a folder where another records. It records
// nothing and touches nothing until the other has ended.
func TestSecondServer(t *testing.T) {
	s, cfg := newStudio(t), in(filepath.Join(t.TempDir(), "made"))
	c, stop := recorder(t, cfg, s)
	early, _ := recorder(t, cfg, s)
	early.List("") // before there is a folder
	id := start(t, c)
	s.roll(2 * time.Second)
	await(t, c, id, func(i sidecar.Info) bool { return i.State == sidecar.Recording && i.Length > 1.5 })
	late, _ := recorder(t, cfg, s)
	for _, other := range []*record.Recorder{early, late} {
		if _, err := other.Start("studio", record.Options{}); !errors.Is(err, record.ErrStorage) || strings.Contains(err.Error(), cfg.Dir) {
			t.Errorf("a second one records: %v", err)
		}
		if all := other.List(""); len(all) > 0 {
			t.Errorf("a second one knows %+v", all)
		}
	}
	s.roll(2 * time.Second)
	info := finish(t, c, id)
	if p := look(t, file(cfg, id)); p.frames("h264") != 120 {
		t.Errorf("%d pictures", p.frames("h264"))
	}
	stop()
	if all := again(t, cfg, s); len(all) != 1 || !reflect.DeepEqual(all[0], info) {
		t.Errorf("the next one finds %+v, not %+v", all, info)
	}
}

// TestRepair has anything in the folder that is no recording, or a broken one.
func TestRepair(t *testing.T) {
	poll.Alone(t)
	s, cfg := newStudio(t), in(t.TempDir())
	c, stop := recorder(t, cfg, s)
	id := start(t, c)
	s.roll(3500 * time.Millisecond)
	finish(t, c, id)
	stop()
	whole, err := os.ReadFile(file(cfg, id))
	if err != nil {
		t.Fatal(err)
	}
	beside, err := os.ReadFile(filepath.Join(cfg.Dir, id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	beside = []byte(strings.Replace(string(beside), `"finished"`, `"recording"`, 1))
	for cut := 0; cut <= len(whole); cut += len(whole)/23 + 1 {
		put(t, file(cfg, id), whole[:cut])
		put(t, filepath.Join(cfg.Dir, id+".json"), beside)
		put(t, filepath.Join(cfg.Dir, "torn.json"), beside[:len(beside)/2])
		put(t, filepath.Join(cfg.Dir, "other.json"), beside)
		info := again(t, cfg, s)
		if len(info) != 1 || info[0].ID != id {
			t.Fatalf("found %+v", info)
		}
		if info[0].State == sidecar.Finished {
			look(t, file(cfg, id))
		} else if stat, err := os.Stat(file(cfg, id)); err != nil || stat.Size() != 0 {
			t.Errorf("%d bytes of %d became %v: %v", cut, len(whole), stat, err)
		}
	}
	put(t, file(cfg, id), []byte(strings.Repeat("no MP4 file", 1000)))
	put(t, filepath.Join(cfg.Dir, id+".json"), beside)
	if info := again(t, cfg, s); info[0].State != sidecar.Failed {
		t.Errorf("rubbish is %+v", info[0])
	}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, stop := recorder(t, cfg, s)
	if _, err := c.Start("nowhere", record.Options{}); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a room that is not there: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Dir, "2*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	for _, id := range []string{"", "nothing", "../" + filepath.Base(cfg.Dir), "/etc/passwd"} {
		if _, _, err := c.Open("", id, ""); !errors.Is(err, mcu.ErrNotFound) {
			t.Errorf("opened %q: %v", id, err)
		}
	}
	id := start(t, c)
	if _, err := c.Get("other", id); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("found in another room: %v", err)
	}
	stop()
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, mcu.ErrClosed) {
		t.Errorf("began after the end: %v", err)
	}
	occupied := in(filepath.Join(t.TempDir(), "file"))
	put(t, occupied.Dir, nil)
	c, _ = recorder(t, occupied, s)
	if _, err := c.Start("studio", record.Options{}); !errors.Is(err, record.ErrStorage) || strings.Contains(err.Error(), occupied.Dir) {
		t.Errorf("a folder that is a file: %v", err)
	}
}
