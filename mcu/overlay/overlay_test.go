package overlay_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/clocks"
	"tilemix/mcu/overlay"
	"tilemix/mixer/decor"
)

// file returns a picture as a data URL.
func file(t *testing.T, size image.Point, kind string) string {
	t.Helper()
	img := image.NewNRGBA(image.Rectangle{Max: size})
	for i := range img.Pix {
		img.Pix[i] = uint8(i%4/3*255 | i*7%256)
	}
	img.SetNRGBA(0, 0, color.NRGBA{255, 0, 0, 255})
	var b bytes.Buffer
	err := png.Encode(&b, img)
	if kind == "jpeg" {
		b.Reset()
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// huge is a PNG file whose header promises a number of pixels.
func huge(w, h uint32) string {
	head := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(head[4:], w)
	binary.BigEndian.PutUint32(head[8:], h)
	head[12], head[13] = 8, 6
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b)
}

// TestBad has settings that cannot be.
func TestBad(t *testing.T) {
	logo := func(picture string) control.Overlays {
		return control.Overlays{Logo: control.Logo{Picture: picture}}
	}
	for want, s := range map[string]control.Overlays{
		"logo.picture has 10000×10000 pixels":  logo(huge(10_000, 10_000)),
		"is a file of more than 2097152 bytes": logo("data:image/png;base64," + strings.Repeat("A", 4<<20)),
		"neither a PNG nor a JPEG":             logo("data:image/png;base64,PHN2Zz48L3N2Zz4="),
		"begins neither with":                  logo("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="),
		"is not base64":                        logo("data:image/png;base64,!!!!"),
		"is the ID of a picture that":          logo("sha256:00"),
		"broken file":                          logo(huge(16, 16)),
		"logo.size":                            {Logo: control.Logo{Size: 41}},
		"logo.opacity":                         {Logo: control.Logo{Opacity: -1}},
		"logo.corner":                          {Logo: control.Logo{Corner: "middle"}},
		"banner.text":                          {Banner: control.Banner{Text: strings.Repeat("x", 1<<20)}},
		"banner.edge":                          {Banner: control.Banner{Edge: "left"}},
		"background.colour":                    {Background: control.Background{Colour: "#12345g"}},
		"waiting.when is":                      {Waiting: control.Poster{Title: "Soon"}},
		"waiting.when is empty":                {Waiting: control.Poster{When: "always"}},
		"waiting.title and waiting.text":       {Waiting: control.Poster{When: "empty", Text: strings.Repeat("x", 201)}},
		"waiting.picture has 10000×10000":      {Waiting: control.Poster{When: "empty", Picture: huge(10_000, 10_000)}},
		"clock is one of":                      {Clock: "sun"},
		"zone":                                 {Zone: "Moon/Base"},
		"lowerThird":                           {LowerThird: "all"},
		"qr is an address":                     {QR: "javascript:alert(1)"},
		"qr has more than":                     {QR: "https://" + strings.Repeat("x", 300)},
	} {
		if _, err := overlay.Compile(s, nil); !errors.Is(err, overlay.ErrBad) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestPictures keeps pictures by their IDs, and brings them to a file and back.
func TestPictures(t *testing.T) {
	first, err := overlay.Compile(control.Overlays{
		Logo:       control.Logo{Picture: file(t, image.Pt(900, 300), "png")},
		Background: control.Background{Picture: file(t, image.Pt(800, 800), "jpeg")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id := first.Logo.Picture; !strings.HasPrefix(id, "sha256:") || len(id) > 60 {
		t.Errorf("the ID of a picture is %.80q", id)
	}
	next := first.Overlays
	next.Banner.Text = "<svg onload=alert(1)>"
	second, err := overlay.Compile(next, first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := overlay.Compile(second.Whole(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var f overlay.Frame
	o := f.At(overlay.State{Set: again}, time.Now())
	if o.Logo.Picture.Rect.Size() != image.Pt(512, 170) || o.Backdrop.Rect.Size() != image.Pt(720, 720) || o.Banner != next.Banner.Text {
		t.Errorf("logo %v, background %v, banner %q", o.Logo.Picture.Rect, o.Backdrop.Rect, o.Banner)
	}
}

// TestClocks has a clock show the right second, and change once a second.
func TestClocks(t *testing.T) {
	began := time.Date(2026, 5, 4, 9, 30, 0, 300e6, time.UTC)
	for _, c := range []struct {
		clock, zone string
		ending      bool
		after       time.Duration
		want        string
	}{
		{"time", "", false, 0, "09:30:00 UTC|"},
		{"time", "Asia/Tokyo", false, time.Second, "18:30:01|"},
		{"elapsed", "", false, 999 * time.Millisecond, "0:00|"},
		{"elapsed", "", false, time.Second, "0:01|"},
		{"elapsed", "", false, time.Hour + 61*time.Second, "1:01:01|"},
		{"remaining", "", false, 100 * time.Millisecond, "2:00:00|"},
		{"remaining", "", true, 2*time.Hour - 61*time.Second, "1:01|1:01"},
		{"", "", true, 2*time.Hour - 5*time.Minute - 1, "|"},
		{"", "", true, 3 * time.Hour, "|0:00"},
	} {
		set, err := overlay.Compile(control.Overlays{Clock: c.clock, Zone: c.zone, Ending: c.ending}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := overlay.State{Set: set, Began: began, Ends: began.Add(2 * time.Hour)}
		var f overlay.Frame
		o := f.At(s, began.Add(c.after))
		if got := o.Clock + "|" + o.MessageFor; got != c.want {
			t.Errorf("%s after %v: %q, want %q", c.clock, c.after, got, c.want)
		}
	}
	set, _ := overlay.Compile(control.Overlays{Clock: "elapsed"}, nil)
	s, changes := overlay.State{Set: set, Began: began}, 0
	var f overlay.Frame
	last := f.At(s, began)
	for tick := range 300 { // 10 s
		if o := f.At(s, began.Add(time.Duration(tick)*time.Second/30)); o != last {
			last, changes = o, changes+1
		}
	}
	if changes != 9 {
		t.Errorf("the clock changed %d times in 10 s", changes)
	}
	if n := testing.AllocsPerRun(100, func() { f.At(s, began.Add(10*time.Second-1)) }); n > 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

// TestLowerThird stays 5 s.
func TestLowerThird(t *testing.T) {
	now := time.Now()
	s := overlay.State{Set: overlay.None(), Caption: overlay.Caption{Name: "Ada", Title: "Countess", Since: now}}
	var f overlay.Frame
	if o := f.At(s, now.Add(4999*time.Millisecond)); o.Name != "Ada" || o.Title != "Countess" || !s.Changes(now).Equal(now.Add(5*time.Second)) {
		t.Errorf("it shows %q, %q", o.Name, o.Title)
	}
	if o := f.At(s, now.Add(5*time.Second)); o.Name != "" || !s.Changes(now.Add(5*time.Second)).IsZero() {
		t.Error("it stays")
	}
}

// TestStops counts down to the end of the server, whatever else is shown.
func TestStops(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 30, 0, 300e6, time.UTC)
	s := overlay.State{Set: overlay.None(), Ends: now.Add(2 * time.Minute), Stops: now.Add(90 * time.Second)}
	var f overlay.Frame
	if o := f.At(s, now); o.Message != "This server stops in" || o.MessageFor != "1:30" {
		t.Errorf("the picture says %q %q", o.Message, o.MessageFor)
	}
	next := s.Changes(now)
	if o := f.At(s, next); next.Sub(now) != time.Second || o.MessageFor != "1:29" {
		t.Errorf("after %v the picture says %q", next.Sub(now), o.MessageFor)
	}
	s.Stops = time.Time{}
	if o := f.At(s, next); o.Message != "" || !s.Changes(next).IsZero() {
		t.Errorf("a server that goes on says %q", o.Message)
	}
}

// TestChanges finds out when a picture changes by itself: it is the same until then, and another one then.
func TestChanges(t *testing.T) {
	began := time.Date(2026, 5, 4, 9, 30, 0, 300e6, time.UTC)
	for _, wanted := range []control.Overlays{
		{Clock: "time"}, {Clock: "elapsed"}, {Clock: "remaining"}, {Ending: true}, {Clock: "time", Ending: true}, {LowerThird: "speaker", Clock: "elapsed"},
	} {
		set, err := overlay.Compile(wanted, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := overlay.State{Set: set, Began: began, Ends: began.Add(6 * time.Minute), Caption: overlay.Caption{Name: "Ada", Since: began.Add(30 * time.Second)}}
		at := func(now time.Time) decor.Overlays { return new(overlay.Frame).At(s, now) }
		now, changes := began, 0
		for {
			next := s.Changes(now)
			if next.IsZero() || next.Sub(began) > 7*time.Minute {
				break
			}
			before := at(now)
			if !next.After(now) || at(next.Add(-1)) != before || at(next) == before {
				t.Fatalf("%+v, %v after it began: it changes after %v", wanted, now.Sub(began), next.Sub(now))
			}
			now, changes = next, changes+1
		}
		if changes < 300 {
			t.Errorf("%+v changes %d times", wanted, changes)
		}
	}
	if set, _ := overlay.Compile(control.Overlays{Banner: control.Banner{Text: "x"}}, nil); !(&overlay.State{Set: set}).Changes(began).IsZero() || !(&overlay.State{}).Changes(began).IsZero() {
		t.Error("a picture that is still changes")
	}
}

// TestClockSet has the machine's clock set back by an hour: the clock in the picture shows that within a second.
func TestClockSet(t *testing.T) {
	set, err := overlay.Compile(control.Overlays{Clock: "time"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	next := (&overlay.State{Set: set}).Changes(now)
	if now = clocks.Set(now.Add(time.Second), -time.Hour); now.Before(next) {
		t.Errorf("it changes in %v", next.Sub(now))
	}
}
