package record_test

import (
	"errors"
	"image"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/quality"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mcu/stats"
	"tilemix/mcu/views"
)

// TestViewOfRecording records a view of a call, and another one from the middle on. It is one file of one
// size without a gap, whose pictures show the one view and then the other.
func TestViewOfRecording(t *testing.T) {
	config := mcutest.Small()
	config.FrameRate, config.MaxViews = mcu.DefaultConfig().FrameRate, 2
	server := mcutest.Serve(t, config)
	cfg := in(t.TempDir())
	c, _ := recorder(t, cfg, server)
	red, green := signal.Colour{Y: 90, Cb: 90, Cr: 220}, signal.Colour{Y: 150, Cb: 60, Cr: 60}
	for name, colour := range map[string]signal.Colour{"Ada": red, "Ben": green} {
		_, client := server.Enter(mcu.JoinOptions{Room: "views", Name: name}, rtctest.Options{NoDecode: true})
		t.Cleanup(client.Film(rtctest.Camera{FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
			moving := colour
			moving.Y += uint8(at / (time.Second / 30) % 2 * 12)
			moving.Paint(img)
		}}))
	}
	people, err := server.Attendees("views", "")
	if err != nil || len(people) != 2 {
		t.Fatalf("%+v, %v", people, err)
	}
	ada, ben := people[0].ID, people[1].ID
	if people[0].Name == "Ben" {
		ada, ben = ben, ada
	}
	awaitCameras(t, server, "views", 2)

	if _, err := c.Start("views", record.Options{View: views.Wish{Layout: "heap"}}); !errors.Is(err, views.ErrInvalid) || len(c.List("")) != 0 {
		t.Errorf("a layout that there is not: %v, %v", err, c.List(""))
	}
	info, err := c.Start("views", record.Options{View: views.Wish{Hide: []string{ben}}})
	if err != nil || info.View != `{"hide":["`+ben+`"]}` {
		t.Fatalf("%+v, %v", info, err)
	}
	lag := poll.Lag(t)
	awaitLong(t, c, info.ID, time.Second, func(i sidecar.Info) bool { return i.Length > 1.2 })
	if _, err := c.SetView("views", info.ID, views.Wish{Canvas: "360x640"}); !errors.Is(err, views.ErrInvalid) {
		t.Errorf("another canvas: %v", err)
	}
	now, err := c.SetView("views", info.ID, views.Wish{Hide: []string{ada}})
	if err != nil || now.View != `{"hide":["`+ada+`"]}` {
		t.Fatalf("%+v, %v", now, err)
	}
	awaitLong(t, c, info.ID, time.Second, func(i sidecar.Info) bool { return i.Length > now.Length+1.4 })
	late := lag()
	info = stopIn(t, c, "views", info.ID)
	path := file(cfg, info.ID)
	look(t, path)
	judgeViews(t, path, red, green, late)
	if _, err := c.SetView("views", info.ID, views.Wish{}); !errors.Is(err, record.ErrEnded) {
		t.Errorf("the view of a recording that has ended: %v", err)
	}
}

// awaitCameras waits until pictures of so many participants of a room come.
func awaitCameras(t *testing.T, server *mcutest.Stage, room string, n int) {
	t.Helper()
	handle, err := server.Room(room)
	if err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "cameras", func() bool {
		all, err := handle.Stats("")
		return err == nil && len(all) == n && !slices.ContainsFunc(all, func(a quality.Account) bool {
			return a.Now == nil || !(a.Now.Values[stats.CameraPictures] > 5) // NaN: it is off
		})
	})
}

// stopIn stops a recording of a room.
func stopIn(t *testing.T, c *record.Recorder, room, id string) sidecar.Info {
	t.Helper()
	info, err := c.Stop(t.Context(), room, id)
	if err != nil || info.State != sidecar.Finished {
		t.Fatalf("it is %+v, %v", info, err)
	}
	return info
}

// judgeViews looks at all pictures of a file: they are of one colour, and then of another one, with no gap
// unless timers of this machine were late. Where the camera's first picture comes late, it is faded in.
func judgeViews(t *testing.T, path string, before, after signal.Colour, late time.Duration) {
	t.Helper()
	const width, height = 640, 360
	raw := run(t, "ffmpeg", "-v", "warning", "-i", path, "-map", "v", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	size := width * height * 3 / 2
	begun, changed := 0, 0
	for n := range len(raw) / size {
		p := raw[n*size : (n+1)*size]
		img := &image.YCbCr{
			Y: p[:width*height], Cb: p[width*height:][:width*height/4], Cr: p[width*height*5/4:],
			YStride: width, CStride: width / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, width, height),
		}
		got := signal.Mean(img, image.Rect(width/4, height/4, width*3/4, height*3/4))
		isAfter := got.Distance(after) < 25
		switch {
		case n == begun && n < 15 && !isAfter && got.Distance(before) >= 25:
			begun++
		case !isAfter && got.Distance(before) >= 25:
			t.Fatalf("picture %d is %v", n, got)
		case isAfter && changed == 0:
			changed = n
		case !isAfter && changed > 0:
			t.Fatalf("picture %d is of the first view, and %d was of the second", n, changed)
		}
	}
	if changed < 5 || changed > len(raw)/size-5 {
		t.Fatalf("the view changes at picture %d of %d", changed, len(raw)/size)
	}
	times := run(t, "ffprobe", "-v", "warning", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path)
	var gaps []float64 // s
	last := -1.0
	for line := range strings.FieldsSeq(string(times)) {
		at, err := strconv.ParseFloat(strings.Trim(line, ","), 64)
		if err != nil {
			t.Fatal(err)
		}
		if last >= 0 {
			gaps = append(gaps, at-last)
		}
		last = at
	}
	// The machine's own gaps are not the change's.
	if usual, gap := max(0.034, slices.Max(gaps[:changed-1])), gaps[changed-1]; gap > usual && late < 4*time.Millisecond {
		t.Errorf("%.3f s without a picture at the change, and %.3f s before", gap, usual)
	}
}

// TestViewAfterPause has the view of a recording be taken by others during a pause: it goes on in the
// room's view, and says so.
func TestViewAfterPause(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	info, err := c.Start("studio", record.Options{View: views.Wish{Layout: "speaker"}})
	if err != nil || info.View != "speaker" {
		t.Fatalf("%+v, %v", info, err)
	}
	s.roll(time.Second)
	if _, err := c.Pause("studio", info.ID, true); err != nil {
		t.Fatal(err)
	}
	s.full = "speaker"
	if _, err := c.SetView("studio", info.ID, views.Wish{Layout: "speaker"}); !errors.Is(err, views.ErrLimit) {
		t.Errorf("a view that others have: %v", err)
	}
	if now, err := c.Pause("studio", info.ID, false); err != nil || now.View != "room" {
		t.Errorf("it goes on with %q, %v", now.View, err)
	}
	s.roll(time.Second)
	if last := s.views[len(s.views)-1]; !last.IsZero() {
		t.Errorf("it sees %v", last)
	}
	finish(t, c, info.ID)
	if found := again(t, cfg, s); len(found) != 1 || found[0].View != "room" {
		t.Errorf("the next server finds %+v", found)
	}
	if _, err := c.Start("studio", record.Options{View: views.Wish{Layout: "speaker"}}); !errors.Is(err, views.ErrLimit) || len(c.List("")) != 1 {
		t.Errorf("without a view: %v, %v", err, c.List(""))
	}
}

// TestViewFalls: a recording whose view the server was too busy for says so, until another is set.
func TestViewFalls(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	info, err := c.Start("studio", record.Options{View: views.Wish{Layout: "speaker"}})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	fallen := s.fallen
	s.mu.Unlock()
	fallen("speaker")
	if i, err := c.Get("studio", info.ID); err != nil || i.View == "speaker" || !strings.Contains(i.Notice, "busy for the view speaker") {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := c.SetView("studio", info.ID, views.Wish{Layout: "speaker"}); err != nil || i.View != "speaker" || i.Notice != "" {
		t.Errorf("set again: %+v, %v", i, err)
	}
}
