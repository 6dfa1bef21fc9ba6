package mcu_test

import (
	"fmt"
	"image"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/quality"
	"tilemix/mcu/worker"
)

// deathsOf is how many workers TestDeaths kills.
const deathsOf = "TILEMIX_DEATHS"

// TestDeaths kills the codec workers of a room of nine, one after the other, some of them by stopping
// them. Its tiles move again, no connection is lost, and its sound has no gap. The room beside it misses
// no picture.
func TestDeaths(t *testing.T) {
	most, _ := strconv.Atoi(os.Getenv(deathsOf))
	if most == 0 {
		t.Skipf("set %s to a number", deathsOf)
	}
	cfg := small()
	// The cameras are not to blame, but each death has some of their access units in it.
	cfg.Isolation = worker.Isolation{Args: []string{"tilemix", codecWorker}, Deaths: 1000}
	s := serve(t, cfg)
	cid := s.join("nine", "Cid", viewer)
	camera := rtctest.Camera{Numbered: true, Draw: mcutest.Texture}
	var nine []*guest
	for i := range 9 {
		g := s.join("nine", fmt.Sprint("Seat ", i), both)
		if nine = append(nine, g); i < 2 {
			g.Film(camera)
		} else {
			defer film(g, blue)()
		}
	}
	nine[0].Speak(adasVoice.Wave())
	sound := quality.Listen(cid.Client, nine[0].Client, adasVoice)
	tiles := s.place(nine...)
	var sights []*quality.Sight
	for _, g := range nine[:2] {
		sights = append(sights, quality.Follow(cid.Client, g.Client, camera, tiles[g], image.Pt(cfg.Width, cfg.Height)))
	}
	began := time.Now()
	for _, sight := range sights {
		s.await("the tiles", func() bool { _, ok := sight.Resumed(began); return ok && sound.Heard() })
	}
	s.await("two spare workers", func() bool { return len(poll.Children(t)) == 3 })
	before := poll.Children(t)
	ann, eye := s.join("beside", "Ann", both), s.join("beside", "Eye", viewer)
	ann.Film(camera)
	ann.Speak(adasVoice.Wave())
	beside := view{
		quality.Follow(eye.Client, ann.Client, camera, s.place(ann)[ann], image.Pt(cfg.Width, cfg.Height)),
		quality.Listen(eye.Client, ann.Client, adasVoice),
	}
	began = time.Now()
	s.await("the room beside", func() bool { _, ok := beside.Sight.Resumed(began); return ok && beside.Heard() })
	theirs := slices.Clone(before[1:2]) // what was spare first

	began = time.Now()
	lag, crowd := poll.Lag(t), poll.Crowd(t)
	defer func() {
		for _, name := range []string{
			"tilemix_codec_worker_deaths_total", "tilemix_codec_worker_missing_total", "tilemix_decoders_refused_total",
			"tilemix_codec_workers",
		} {
			t.Logf("%s %v", name, s.metric(name))
		}
	}()
	var again []time.Duration
	var gaps []time.Duration
	for n := range most {
		ours := slices.DeleteFunc(poll.Children(t), func(pid int) bool { return slices.Contains(theirs, pid) })
		victim, sig := ours[n%max(len(ours)-2, 1)], syscall.SIGSEGV // the last two are spare
		if n%10 == 9 {
			sig = syscall.SIGSTOP
		}
		killed := time.Now()
		if err := syscall.Kill(victim, sig); err != nil {
			t.Logf("%d: %v", victim, err)
		}
		for _, sight := range sights {
			s.await("a tile to move again", func() bool { _, ok := sight.Resumed(killed); return ok })
			took, _ := sight.Resumed(killed)
			again = append(again, took)
		}
		poll.Until(t, "the worker's end", func() bool { return !slices.Contains(poll.Children(t), victim) })
		time.Sleep(500 * time.Millisecond)
		gaps = append(gaps, sound.Gap(killed, time.Now()))
	}
	slices.Sort(again)
	slices.Sort(gaps)
	m := beside.between(began, time.Now(), time.Time{})
	t.Logf("%d deaths: tiles move again after %v (p50), %v (p95); gaps of sound of %v (p50), %v (p95), %v; the room beside: %v; timers %v late, others use %.2f cores",
		most, again[len(again)/2], again[len(again)*95/100], gaps[most/2], gaps[most*95/100], gaps[most-1], m, lag(), crowd())
	if n := strings.Count(s.Log.String(), "media connected"); n != 12 {
		t.Errorf("%d connections were made, not 12", n)
	}
}
