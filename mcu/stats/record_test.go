package stats_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"tilemix/mcu/mcutest/clocks"
	"tilemix/mcu/stats"
)

var start = time.Unix(1_800_000_000, 0)

// reading returns one of a camera that has sent 30 packets of 1000 bytes each second, of which some
// are missing.
func reading(second, missing int) *stats.Reading {
	r := stats.NewReading()
	r[stats.CameraPackets] = float64(30*second - missing)
	r[stats.CameraBytes] = float64(30_000 * second)
	r[stats.CameraMissing] = float64(missing)
	r[stats.DownRTT] = float64(second)
	return &r
}

// TestRecord counts what happens in each second, and merges ten of them.
func TestRecord(t *testing.T) {
	r := stats.NewRecord()
	for i := range 21 {
		missing := 0
		if i > 15 {
			missing = 3 * (i - 15)
		}
		r.Add(start.Add(time.Duration(i)*time.Second), reading(i, missing))
	}
	fine, coarse := r.History()
	if len(fine.Samples) != 20 || len(coarse.Samples) != 2 {
		t.Fatalf("%d samples of a second and %d of ten", len(fine.Samples), len(coarse.Samples))
	}
	at := func(s stats.Moment, f stats.Field, want float32) {
		t.Helper()
		if got := s.Values[f]; math.Abs(float64(got-want)) > 1e-4*math.Abs(float64(want)) {
			t.Errorf("%s is %v, not %v", stats.Names()[f], got, want)
		}
	}
	at(fine.Samples[0], stats.CameraBytes, 240_000)
	at(fine.Samples[0], stats.CameraLoss, 0)
	at(fine.Samples[19], stats.CameraLoss, 0.1)
	at(fine.Samples[19], stats.DownRTT, 20)
	at(coarse.Samples[0], stats.CameraBytes, 240_000)
	at(coarse.Samples[0], stats.CameraLoss, 0)
	at(coarse.Samples[1], stats.CameraLoss, 0.05)
	at(coarse.Samples[1], stats.DownRTT, 20) // the greatest
	if !math.IsNaN(float64(coarse.Samples[1].Values[stats.MicLevel])) {
		t.Error("what nobody measured has a number")
	}
	if newest := r.Newest(3, nil); len(newest) != 3 || newest[2].At != fine.Samples[19].At {
		t.Errorf("the newest are %v", newest)
	}
}

// TestRecordBegins counts from the first reading on, and leaves out one that comes too soon.
func TestRecordBegins(t *testing.T) {
	r := stats.NewRecord()
	r.Add(start, reading(100, 0))
	r.Add(start.Add(time.Millisecond), reading(101, 0))
	if fine, _ := r.History(); len(fine.Samples) != 0 {
		t.Fatalf("%d samples of no time", len(fine.Samples))
	}
	r.Add(start.Add(2*time.Second), reading(102, 0))
	fine, _ := r.History()
	if got := fine.Samples[0].Values[stats.CameraPackets]; got != 30 {
		t.Errorf("%v packets a second, not 30", got)
	}
	r.Add(start.Add(3*time.Second), reading(1, 0)) // another camera
	if fine, _ = r.History(); fine.Samples[1].Values[stats.CameraPackets] != 0 {
		t.Errorf("a counter that began anew counts %v", fine.Samples[1].Values[stats.CameraPackets])
	}
}

// TestRecordBounded keeps ten minutes and two hours in less than 300 kB, and allocates no more then.
func TestRecordBounded(t *testing.T) {
	r := stats.NewRecord()
	i := 0
	add := func() {
		r.Add(start.Add(time.Duration(i)*time.Second), reading(i, 0))
		i++
	}
	for range 7300 {
		add()
	}
	fine, coarse := r.History()
	if len(fine.Samples) != 600 || len(coarse.Samples) != 720 {
		t.Errorf("%d samples of a second and %d of ten", len(fine.Samples), len(coarse.Samples))
	}
	if !slices.IsSortedFunc(fine.Samples, func(a, b stats.Moment) int { return int(a.At - b.At) }) {
		t.Error("samples are out of order")
	}
	if size := 1320 * unsafe.Sizeof(stats.Moment{}); size > 300_000 {
		t.Errorf("a participant takes %d bytes", size)
	}
	if n := testing.AllocsPerRun(100, add); n > 0 {
		t.Errorf("a second allocates %v times", n)
	}
}

// TestSeriesJSON writes columns, with null for what is unknown.
func TestSeriesJSON(t *testing.T) {
	r := stats.NewRecord()
	for i := range 4 {
		in := reading(i, 0)
		if i == 2 {
			in[stats.MicLevel] = -31.25
		}
		r.Add(start.Add(time.Duration(i)*time.Second), in)
	}
	fine, _ := r.History()
	text, err := json.Marshal(fine)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Step   float64
		At     []int64
		Values map[string][]*float64
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	level := got.Values["microphoneLevel"]
	if got.Step != 1 || len(got.At) != 3 || len(level) != 3 || level[0] != nil || level[1] == nil || *level[1] != -31.25 {
		t.Errorf("it is %s", text)
	}
	if _, there := got.Values["downEstimate"]; there {
		t.Error("there is a column of which nothing is known")
	}
	late := fine.After(start.Add(2 * time.Second))
	if len(late.Samples) != 1 || late.Samples[0].At != start.Add(3*time.Second).UnixMilli() {
		t.Errorf("after 2 s there are %v", late.Samples)
	}
	if text, err = json.Marshal(late.Samples[0]); err != nil || !json.Valid(text) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestNames gives each field a name of its own.
func TestNames(t *testing.T) {
	names := stats.Names()
	slices.Sort(names)
	if names[0] == "" || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("the names are %q", names)
	}
}

func BenchmarkAdd(b *testing.B) {
	r, in, at := stats.NewRecord(), reading(1, 0), start
	for b.Loop() {
		at = at.Add(time.Second)
		r.Add(at, in)
	}
}

// TestGuide finds each field in the guide of users.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../web/docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats.Names() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the guide has no %s", name)
		}
	}
}

// TestClockSet has the machine's clock set back by an hour. Samples stay in order, so those after the last one that
// a client has are the new ones.
func TestClockSet(t *testing.T) {
	r, now := stats.NewRecord(), time.Now()
	for i := range 6 {
		at := now.Add(time.Duration(i) * time.Second)
		if i >= 3 {
			at = clocks.Set(at, -time.Hour)
		}
		r.Add(at, reading(i, 0))
	}
	fine, _ := r.History()
	for i, s := range fine.Samples {
		if want := now.Add(time.Duration(i+1) * time.Second).UnixMilli(); s.At != want || s.Values[stats.CameraBytes] != 240_000 {
			t.Errorf("sample %d is of %d ms, not %d, with %v bit/s", i, s.At, want, s.Values[stats.CameraBytes])
		}
	}
	if after := fine.After(time.UnixMilli(fine.Samples[2].At)); len(after.Samples) != 2 {
		t.Errorf("%d are new", len(after.Samples))
	}
}
