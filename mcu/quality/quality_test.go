package quality_test

import (
	"image"
	"testing"
	"time"

	"tilemix/mcu/ladder"
	"tilemix/mcu/quality"
	"tilemix/mcu/stats"
)

// fine are samples of a participant of whom all is well.
func fine() []stats.Moment {
	all := make([]stats.Moment, quality.Window)
	for i := range all {
		for f, v := range map[stats.Field]float32{
			stats.CameraPackets: 60, stats.CameraPictures: 30, stats.CameraUnits: 30, stats.CameraOn: 1, stats.CameraJitter: 8,
			stats.MicPackets: 50, stats.MicSound: 40, stats.MicOn: 1, stats.MicJitter: 2, stats.MicLevel: -30,
			stats.DownPackets: 150, stats.DownHeight: 720, stats.DownFull: 720, stats.DownRTT: 40, stats.DownJitter: 3, stats.Connected: 1,
			stats.ClientFrames: 30,
		} {
			all[i].Values[f] = v
		}
	}
	return all
}

// ills are what goes wrong, by what the samples then have.
var ills = []struct {
	name   string
	values map[stats.Field]float32
	facts  stats.Facts
	want   quality.Finding
}{
	{"loss up", map[stats.Field]float32{stats.CameraLoss: .2, stats.CameraMissing: 15, stats.MicLoss: .2, stats.MicMissing: 12.5}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Up}},
	{"some loss up", map[stats.Field]float32{stats.MicLoss: .05, stats.MicMissing: 2.6}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.Loss, Direction: quality.Up}},
	{"loss down", map[stats.Field]float32{stats.DownLoss: .12}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Down}},
	{"loss that costs a rung", map[stats.Field]float32{stats.DownLoss: .12, stats.DownHeight: 360}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Down}},
	{"loss each way", map[stats.Field]float32{stats.CameraLoss: .05, stats.CameraMissing: 3.2, stats.DownLoss: .2}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Both}},
	{"narrow line up", map[stats.Field]float32{stats.CameraQueue: 280, stats.CameraLoss: .3, stats.CameraMissing: 26}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Bandwidth, Direction: quality.Up}},
	{"narrow line up, as the client says", map[stats.Field]float32{stats.ClientNarrow: 1}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.Bandwidth, Direction: quality.Up}},
	{"narrow line down", map[stats.Field]float32{stats.DownHeight: 180, stats.DownEstimate: 200_000}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Bandwidth, Direction: quality.Down}},
	{"jitter up", map[stats.Field]float32{stats.MicJitter: 25, stats.CameraJitter: 20}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.Jitter, Direction: quality.Up}},
	{"jitter down", map[stats.Field]float32{stats.DownJitter: 60}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Jitter, Direction: quality.Down}},
	{"delay", map[stats.Field]float32{stats.DownRTT: 800}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Delay, Direction: quality.Both}},
	{"slow client that sends", map[stats.Field]float32{stats.ClientSlow: 1}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.ClientCPU, Direction: quality.Up}},
	{"slow client that receives", map[stats.Field]float32{stats.ClientFrames: 15, stats.ClientDropped: 15}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.ClientCPU, Direction: quality.Down}},
	{"frozen camera", map[stats.Field]float32{stats.CameraPictures: 0, stats.CameraPackets: 0, stats.CameraUnits: 0}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Camera, Direction: quality.Up}},
	{"clipping", map[stats.Field]float32{stats.MicClipped: 30}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.Clipping, Direction: quality.Up}},
	{"storm of key frames", map[stats.Field]float32{stats.DownKeyRequests: 2}, stats.Facts{}, quality.Finding{Level: quality.Good, Cause: quality.KeyFrames, Direction: quality.Down}},
	{"busy server", map[stats.Field]float32{stats.MissedTicks: 12, stats.MicJitter: 60, stats.CameraQueue: 400, stats.DownHeight: 360, stats.DownRTT: 900}, stats.Facts{}, quality.Finding{Level: quality.Poor, Cause: quality.Server, Direction: quality.Both}},
	{"no connection", map[stats.Field]float32{stats.Connected: 0, stats.CameraLoss: 1}, stats.Facts{}, quality.Finding{Level: quality.Lost, Cause: quality.Connection, Direction: quality.Both}},
	{"silent microphone", map[stats.Field]float32{stats.MicSound: 0}, stats.Facts{}, quality.Finding{Cause: quality.Microphone, Direction: quality.Up}},
	{"relay", map[stats.Field]float32{stats.Relayed: 1}, stats.Facts{}, quality.Finding{Cause: quality.Relay, Direction: quality.Both}},
	{"VP8", nil, stats.Facts{Codec: "VP8"}, quality.Finding{Cause: quality.Codec, Direction: quality.Up}},
}

// TestIlls finds each ill in samples that have it, and calls it a note if nobody suffers.
func TestIlls(t *testing.T) {
	for _, ill := range ills {
		t.Run(ill.name, func(t *testing.T) {
			samples := fine()
			for i := range samples {
				for f, v := range ill.values {
					samples[i].Values[f] = v
				}
			}
			found := quality.Find(samples, ill.facts)
			worst := quality.Worst(found)
			if ill.want.Level == quality.Excellent {
				if worst != (quality.Finding{}) || len(found) != 1 || found[0] != ill.want {
					t.Errorf("found %v, want the note %v", found, ill.want)
				}
			} else if worst != ill.want {
				t.Errorf("found %v of %v, want %v", worst, found, ill.want)
			}
		})
	}
}

// TestOnce finds nothing in what is good, in what was there for one second only, and in what is not
// known.
func TestOnce(t *testing.T) {
	if found := quality.Find(fine(), stats.Facts{}); len(found) > 0 {
		t.Errorf("of a good line: %v", found)
	}
	for _, ill := range ills {
		samples := fine()
		for f, v := range ill.values {
			samples[len(samples)-1].Values[f] = v
		}
		// The first second without a connection is no connection, and a rung is lost at once.
		if worst := quality.Worst(quality.Find(samples, stats.Facts{})); worst.Level > quality.Excellent && worst.Cause != quality.Connection && worst.Cause != quality.Bandwidth {
			t.Errorf("one second of %s: %v", ill.name, worst)
		}
	}
	r, record := stats.NewReading(), stats.NewRecord()
	for i := range quality.Window + 1 {
		record.Add(time.Unix(int64(i), 0), &r)
	}
	if found := quality.Find(record.Newest(quality.Window, nil), stats.Facts{}); len(found) > 0 {
		t.Errorf("of nothing: %v", found)
	}
}

// TestSwitchedOff finds nothing in numbers that stay as they were when the last packet came.
func TestSwitchedOff(t *testing.T) {
	for _, f := range []stats.Field{stats.CameraQueue, stats.CameraJitter, stats.MicJitter, stats.DownQueue, stats.DownJitter, stats.ClientNarrow, stats.ClientSlow} {
		samples := fine()
		for i := range samples {
			samples[i].Values[f] = 1000
		}
		if found := quality.Find(samples, stats.Facts{}); len(found) == 0 {
			t.Errorf("field %d: nothing is found while packets come", f)
		}
		for i := range samples {
			for _, none := range []stats.Field{stats.CameraOn, stats.CameraPackets, stats.CameraPictures, stats.MicOn, stats.MicPackets, stats.DownPackets} {
				samples[i].Values[none] = 0
			}
		}
		if found := quality.Find(samples, stats.Facts{}); len(found) > 0 {
			t.Errorf("field %d: found %v without packets", f, found)
		}
	}
}

// TestWatch shows what is worse at once, and what is better after a while.
func TestWatch(t *testing.T) {
	var w quality.Hysteresis
	at := time.Unix(1_800_000_000, 0)
	good, poor := quality.Finding{Level: quality.Good, Cause: quality.Loss}, quality.Finding{Level: quality.Poor, Cause: quality.Bandwidth}
	other := quality.Finding{Level: quality.Poor, Cause: quality.Server}
	for _, step := range []struct {
		found, want quality.Finding
		times, news int // seconds that it takes, and how often it is news
	}{
		{good, good, 1, 1},
		{poor, poor, 1, 1},
		{good, poor, 5, 0},
		{poor, poor, 1, 0}, // and the time begins again
		{good, poor, 5, 0},
		{good, good, 1, 1},
		{poor, poor, 1, 1},
		{other, poor, 2, 0},
		{other, other, 1, 1},
		{quality.Finding{}, other, 5, 0},
		{quality.Finding{}, quality.Finding{}, 1, 1},
	} {
		news := 0
		for range step.times {
			at = at.Add(time.Second)
			if _, ok := w.Update(step.found, at); ok {
				news++
			}
		}
		if w.Shown() != step.want || news != step.news {
			t.Fatalf("after %d s of %v: %v, %d news; want %v, %d", step.times, step.found, w.Shown(), news, step.want, step.news)
		}
	}
}

// TestLevels writes and reads the names of levels.
func TestLevels(t *testing.T) {
	for l := quality.Excellent; l <= quality.Lost; l++ {
		text, err := l.MarshalText()
		var back quality.Grade
		if err != nil || back.UnmarshalText(text) != nil || back != l {
			t.Errorf("%v is %q and read as %v", l, text, back)
		}
	}
	if err := new(quality.Grade).UnmarshalText([]byte("bad")); err == nil {
		t.Error("bad is a level")
	}
}

// TestObserver expects nothing of a camera that has just come on, and compares what is received to the
// best of the same view.
func TestObserver(t *testing.T) {
	o, at := quality.NewObserver(), time.Unix(1_800_000_000, 0)
	r := stats.NewReading()
	if o.Expect(&r, true, true, at); r[stats.CameraOn] != 0 || r[stats.MicOn] != 1 {
		t.Errorf("at once: %v, %v", r[stats.CameraOn], r[stats.MicOn])
	}
	if o.Expect(&r, true, false, at.Add(4*time.Second)); r[stats.CameraOn] != 1 || r[stats.MicOn] != 0 {
		t.Errorf("later: %v, %v", r[stats.CameraOn], r[stats.MicOn])
	}
	full, half, tall := &ladder.Rung{Size: image.Pt(1280, 720)}, &ladder.Rung{Size: image.Pt(640, 360)}, &ladder.Rung{Size: image.Pt(720, 1280)}
	for _, step := range []struct {
		rung         *ladder.Rung
		view         string
		height, full float64
	}{
		{nil, "room", -1, -1},
		{full, "room", 720, 720},
		{half, "room", 360, 720},
		{half, "tall", -1, -1}, // of the view before
		{tall, "tall", 1280, 1280},
		{tall, "room", -1, -1},
		{half, "room", 360, 360},
	} {
		r := stats.NewReading()
		r[stats.DownHeight], r[stats.DownFull] = -1, -1
		if o.Receive(&r, step.rung, step.view); r[stats.DownHeight] != step.height || r[stats.DownFull] != step.full {
			t.Errorf("%v in %s: %v of %v", step.rung, step.view, r[stats.DownHeight], r[stats.DownFull])
		}
	}
}

// BenchmarkObserver is a second of one participant. A hundred of them are to take 5 ms at most.
func BenchmarkObserver(b *testing.B) {
	o, r, at := quality.NewObserver(), stats.NewReading(), time.Unix(1_800_000_000, 0)
	for i := range r {
		r[i] = 1
	}
	for b.Loop() {
		at = at.Add(time.Second)
		r[stats.CameraPackets] += 60
		r[stats.CameraMissing]++
		o.Add(&r, at)
	}
}
