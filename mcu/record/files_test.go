package record_test

import (
	"errors"
	"fmt"
	"image"
	"os"
	"reflect"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
)

// resize has the camera send another size, as it is asked to when its tile changes.
func (c *camera) resize(w, h int) {
	c.s.t.Helper()
	_ = c.enc.Close()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: frameRate, Bitrate: 200_000})
	if err != nil {
		c.s.t.Fatal(err)
	}
	c.enc = enc
	c.s.t.Cleanup(func() { _ = enc.Close() })
}

// TestNewSizesOfTrack has a camera change its size twice. The header of its track describes each size, and
// players that read the stream show all pictures.
func TestNewSizesOfTrack(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	ada := newCamera(s)
	id := startTracks(t, c)
	for _, size := range []image.Point{{320, 180}, {640, 360}, {320, 180}, {160, 90}} {
		s.resize(size.X, size.Y) // the picture that the camera films
		ada.resize(size.X, size.Y)
		ada.film(45)
	}
	path := track(t, cfg, finish(t, c, id), "video")
	if n := look(t, path).frames("h264"); n != 180 {
		t.Errorf("%d pictures", n)
	}
	data, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	parsed, err := boxes.DecodeFile(data)
	if err != nil {
		t.Fatal(err)
	}
	trak := parsed.Init.Moov.Trak
	var sizes []image.Point
	for _, e := range trak.Mdia.Minf.Stbl.Stsd.Children {
		entry := e.(*boxes.VisualSampleEntryBox)
		sizes = append(sizes, image.Pt(int(entry.Width), int(entry.Height)))
	}
	if len(sizes) != 3 || sizes[0] != image.Pt(320, 180) || sizes[1] != image.Pt(640, 360) || sizes[2] != image.Pt(160, 90) {
		t.Errorf("sample entries are of %v", sizes)
	}
	if w, h := trak.Tkhd.Width>>16, trak.Tkhd.Height>>16; w != 640 || h != 360 {
		t.Errorf("the track is %dx%d", w, h)
	}
}

// TestOpen opens the files of a recording while they grow, and no others.
func TestOpen(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	other := start(t, c)
	id := startTracks(t, c)
	newCamera(s).film(90)
	info := await(t, c, id, func(i sidecar.Info) bool { return i.Length > 2 && len(i.Participants[0].Tracks) > 0 })
	name := info.Participants[0].Tracks[0].File
	for _, want := range []string{"", name} {
		f, size, err := c.Open("studio", id, want)
		if err != nil || size == 0 {
			t.Fatalf("%q: %d bytes, %v", want, size, err)
		}
		head := make([]byte, 8)
		if _, err := f.ReadAt(head, 0); err != nil || string(head[4:]) != "ftyp" {
			t.Errorf("%q begins with %q, %v", want, head, err)
		}
		_ = f.Close()
	}
	for _, q := range [][3]string{
		{"studio", other, name},
		{"studio", id, id + ".json"},
		{"studio", id, id + ".mp4"},
		{"studio", id, "lock"},
		{"studio", id, "../" + name},
		{"nowhere", id, name},
		{"studio", "", name},
	} {
		if f, _, err := c.Open(q[0], q[1], q[2]); !errors.Is(err, mcu.ErrNotFound) {
			t.Errorf("%v: %v, %v", q, f, err)
		}
	}
}

// TestMetrics counts recordings of this run, and not those that were found.
func TestMetrics(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, stop := recorder(t, cfg, s)
	one, two := start(t, c), start(t, c)
	s.roll(2 * time.Second)
	info := finish(t, c, one)
	if err := os.Remove(file(cfg, two)); err != nil {
		t.Fatal(err)
	}
	finishEmpty(t, c, two)
	if got := metric(t, c, "tilemix_recordings"); got != 0 {
		t.Errorf("%v run", got)
	}
	if got := metric(t, c, "tilemix_recordings_failed_total"); got != 1 {
		t.Errorf("%v have failed", got)
	}
	if got := metric(t, c, "tilemix_recorded_bytes_total"); got < float64(info.Size) {
		t.Errorf("%v bytes, and one has %d", got, info.Size)
	}
	if got := metric(t, c, "tilemix_recording_dropped_total"); got != 0 {
		t.Errorf("%v dropped", got)
	}
	start(t, c)
	if got := metric(t, c, "tilemix_recordings"); got != 1 {
		t.Errorf("%v run", got)
	}
	stop()
	next, _ := recorder(t, cfg, s)
	if n := len(next.List("")); n != 3 {
		t.Errorf("the next server finds %d", n)
	}
	if got := metric(t, next, "tilemix_recordings_failed_total") + metric(t, next, "tilemix_recorded_bytes_total"); got != 0 {
		t.Errorf("it counts %v of the one before", got)
	}
}

// metric sums a metric over its labels.
func metric(t *testing.T, c *record.Recorder, name string) (sum float64) {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// TestChurn has thousands come to a recorded call and leave. The file beside the recording lists so many
// of them and counts the others, and Ada, who was there first and stays, is among those listed.
func TestChurn(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, stop := recorder(t, cfg, s)
	id := startTracks(t, c)
	newCamera(s).film(45)
	for n := range 3000 {
		who := fmt.Sprint(n)
		s.tap.Joined(who, who, s.at)
		s.tap.Left(who, s.at+time.Second)
		if n%100 == 0 {
			s.roll(20 * time.Millisecond) // the recording keeps pace
			await(t, c, id, func(i sidecar.Info) bool { return len(i.Participants)+int(i.ParticipantsOmitted) > n })
		}
	}
	info := finish(t, c, id)
	if len(info.Participants) != 2000 || info.ParticipantsOmitted != 1001 || info.Participants[0].ID != "ADA" || len(info.Participants[0].Tracks) != 1 {
		t.Errorf("%d are listed, %d omitted, the first is %+v", len(info.Participants), info.ParticipantsOmitted, info.Participants[0])
	}
	if info.DroppedTracks != 0 {
		t.Errorf("%d dropped", info.DroppedTracks)
	}
	stop()
	if all := again(t, cfg, s); len(all) != 1 || !reflect.DeepEqual(all[0], info) {
		t.Error("the next server finds something else")
	}
}
