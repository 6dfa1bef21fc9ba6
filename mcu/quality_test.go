package mcu_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/quality"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/stats"
)

// trouble is what goes wrong with one participant, and what is to be found of it.
type trouble struct {
	name    string
	options rtctest.Options
	begin   func(a *guest, film func() (stop func()))
	want    quality.Finding
}

// voice is a voice of a loudness; above 1 it is clipped.
func voice(loud float64) func(int) float32 {
	return func(sample int) float32 {
		return float32(min(max(loud*math.Sin(float64(sample)*2*math.Pi*300/48000), -1), 1))
	}
}

func troubles() []trouble {
	line := func(l network.Line) func(*guest, func() func()) {
		return func(a *guest, film func() func()) { film(); a.Speak(voice(.3)); a.Impair(l) }
	}
	says := func(r control.Report) func(*guest, func() func()) {
		return func(a *guest, film func() func()) { film(); a.Speak(voice(.3)); a.p.Handle(r) }
	}
	vp8 := buffered
	vp8.VP8 = true
	return []trouble{
		{"nothing", buffered, line(network.Line{}), quality.Finding{}},
		{"loss up", buffered, line(network.Line{Up: network.Impairment{Loss: .25}}), quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Up}},
		{"loss down", buffered, line(network.Line{Down: network.Impairment{Loss: .25}}), quality.Finding{Level: quality.Poor, Cause: quality.Loss, Direction: quality.Down}},
		{"narrow down", buffered, line(network.Line{Down: network.Impairment{Rate: 150_000, Queue: 400 * ms}}), quality.Finding{Level: quality.Poor, Cause: quality.Bandwidth, Direction: quality.Down}},
		{"slow client", buffered, says(control.Report{LimitedBy: "cpu"}), quality.Finding{Level: quality.Good, Cause: quality.ClientCPU, Direction: quality.Up}},
		{"relay", buffered, says(control.Report{Relayed: true}), quality.Finding{Cause: quality.Relay, Direction: quality.Both}},
		{"frozen camera", buffered, func(a *guest, film func() func()) {
			stop := film()
			a.Speak(voice(.3))
			time.AfterFunc(4*time.Second, stop)
		}, quality.Finding{Level: quality.Poor, Cause: quality.Camera, Direction: quality.Up}},
		{"clipping", buffered, func(a *guest, film func() func()) { film(); a.Speak(voice(4)) }, quality.Finding{Level: quality.Good, Cause: quality.Clipping, Direction: quality.Up}},
		{"VP8", vp8, line(network.Line{}), quality.Finding{Cause: quality.Codec, Direction: quality.Up}},
	}
}

// TestQuality has a room for each trouble, in which one has it and another has none: it is found with
// its cause and its direction. Nothing is said of the other, or the machine is too busy and the room
// is not judged.
func TestQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("nine calls")
	}
	cfg := small()
	cfg.Width, cfg.Height = 320, 180
	news := make(chan event.Event, 1000)
	cfg.Events = func(e event.Event) {
		if e.Type == event.ParticipantQuality {
			news <- e
		}
	}
	t.Cleanup(func() {
		if len(news) == 0 {
			t.Error("there was no event")
		}
	})
	s := serve(t, cfg)
	var calls []*troubled
	for i, c := range troubles() {
		k := &troubled{trouble: c, room: "quality-" + string(rune('a'+i))}
		k.ada, k.ben = s.join(k.room, "Ada", c.options), s.join(k.room, "Ben", both)
		k.ben.Film(rtctest.Camera{Draw: mcutest.Texture})
		k.ben.Speak(voice(.3))
		calls = append(calls, k)
	}
	for _, k := range calls {
		k.begin(k.ada, func() func() { return k.ada.Film(rtctest.Camera{Draw: mcutest.Texture}) })
		k.began = time.Now()
	}
	judged := 0
	for _, k := range calls {
		if k.judge(s) {
			judged++
		}
	}
	t.Logf("%d of %d were judged", judged, len(calls))
}

// troubled is a call in which Ada has a trouble and Ben has none.
type troubled struct {
	trouble
	room     string
	ada, ben *guest
	began    time.Time
}

// of returns what the server knows of a guest.
func (k *troubled) of(s *stage, g *guest) quality.Account {
	s.t.Helper()
	h, err := s.Room(k.room)
	if err != nil {
		s.t.Fatal(err)
	}
	now, err := h.Stats(g.id)
	if err != nil {
		s.t.Fatal(err)
	}
	return now[0]
}

// judge waits until the trouble is found, and then until it is shown. It returns false where the
// machine is too busy to say anything: Ben has a trouble too.
func (k *troubled) judge(s *stage) bool {
	s.t.Helper()
	spoilt := false
	until := func(what string, ok func(quality.Account) bool) (now quality.Account) {
		s.t.Helper()
		s.await(k.name+what, func() bool {
			time.Sleep(50 * ms)
			spoilt = spoilt || k.of(s, k.ben).Quality.Level > quality.Excellent
			now = k.of(s, k.ada)
			return spoilt || ok(now)
		})
		return now
	}
	now := until(" to be found", func(now quality.Account) bool {
		return k.want == (quality.Finding{}) && len(now.Seconds.Samples) > 8 || slices.Contains(now.Findings, k.want)
	})
	s.t.Logf("%s: after %v %v of %v", k.name, time.Since(k.began).Round(ms), now.Quality, now.Findings)
	if k.want.Level == quality.Excellent {
		if !spoilt && now.Quality.Level > quality.Excellent {
			s.t.Errorf("%s is shown as %v", k.name, now.Quality)
		}
		return !spoilt
	}
	until(" to be shown", func(now quality.Account) bool { return now.Quality.Cause == k.want.Cause })
	if !spoilt {
		next(s.t, &k.ada.news, "a message", func(m control.Quality) bool { return m.Cause == string(k.want.Cause) })
	}
	return !spoilt
}

// TestStatsOfRoom reads what is known of a call: each field that somebody sends or receives has numbers.
func TestStatsOfRoom(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	ada, ben := s.join("stats", "Ada", buffered), s.join("stats", "Ben", viewer)
	ada.Film(rtctest.Camera{Draw: mcutest.Texture})
	ada.Speak(voice(.5))
	ada.p.Handle(control.Report{Browser: "Firefox 140", FramesDecoded: 100, Buffer: 40})
	h, err := s.Room("stats")
	if err != nil {
		t.Fatal(err)
	}
	var last quality.Account
	has := func(g *guest, of func(v func(stats.Field) float64) bool) {
		t.Helper()
		s.await("numbers", func() bool {
			all, err := h.Stats(g.id)
			if err != nil {
				t.Fatal(err)
			}
			last = all[0]
			return last.Now != nil && of(func(f stats.Field) float64 { return float64(last.Now.Values[f]) })
		})
	}
	has(ada, func(v func(stats.Field) float64) bool {
		return v(stats.CameraPictures) > 10 && v(stats.CameraBytes) > 50_000 && v(stats.CameraWidth) == 320 && v(stats.CameraDecode) > 0 &&
			v(stats.MicPackets) > 40 && v(stats.MicSound) > 40 && v(stats.MicLevel) > -20 && v(stats.MicLevel) < -3 &&
			v(stats.DownHeight) == 360 && v(stats.ClientBuffer) == 40 && v(stats.Connected) == 1 && v(stats.CameraOn) == 1 &&
			last.Codec == "H.264" && last.Local != ""
	})
	if last.Browser != "Firefox 140" || last.Viewer {
		t.Errorf("the facts are %+v", last.Facts)
	}
	has(ben, func(v func(stats.Field) float64) bool {
		return v(stats.DownPackets) > 40 && v(stats.DownBytes) > 20_000 && math.IsNaN(v(stats.CameraBytes))
	})
	if all, err := h.Stats(""); err != nil || len(all) != 2 || all[0].Seconds != nil {
		t.Errorf("of all: %+v, %v", all, err)
	}
	if _, err := h.Stats("nobody"); err == nil {
		t.Error("nobody has statistics")
	}
}
