package broadcast

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/intake"
	"tilemix/mcu/ladder"
)

// TestRules holds a broadcast to the rules of HLS while the clock trembles: with one rendition, and with several
// whose IDRs come a tick apart.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		renditions []string
		lists      int
		lost       func(rendition, picture int) bool
	}{
		"one":     {nil, 2, nil},
		"several": {[]string{"audio", "180p", "360p"}, 3, nil},
		"skips":   {[]string{"360p", "180p", "90p"}, 4, func(r, p int) bool { return p%60 != 0 && p%(7+r) == 3 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, Default())
			if _, _, err := s.Start("live", Options{Renditions: c.renditions}); err != nil {
				t.Fatal(err)
			}
			s.climb()
			random := rand.New(rand.NewPCG(7, 9))
			tremble := func() time.Duration { return time.Duration(random.IntN(int(8 * time.Millisecond))) }
			s.roll(4*time.Second+100*time.Millisecond, 30, tremble)
			s.lost = c.lost
			for range 2 {
				s.roll(3*time.Second, 30, tremble)
				time.Sleep(fresh) // a look at another playlist is good for so long
				lists := CheckRules(t, s.ask, true)
				if len(lists) != c.lists {
					t.Fatalf("there are %v", lists)
				}
			}
		})
	}
}

// TestRenditions: each rendition has its own pictures, the answer names them, and a broadcast that is on keeps
// them.
func TestRenditions(t *testing.T) {
	s := newStage(t, Default())
	wish := Options{Renditions: []string{"audio", "90p", "360p", "90p"}}
	i, begun, err := s.Start("live", wish)
	if err != nil || !begun || !slices.Equal(i.Renditions, []string{"360p", "90p", "audio"}) || !slices.Equal(i.Audio, []string{"opus"}) {
		t.Fatalf("%+v, %v, %v", i, begun, err)
	}
	if !slices.Equal(s.asked.Rungs, []int{0, 2}) {
		t.Errorf("it asks for %v", s.asked.Rungs)
	}
	s.climb()
	s.roll(5*time.Second, 30, nil)
	body, err := s.ask(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"RESOLUTION=640x360,", "RESOLUTION=160x90,", "FRAME-RATE=15.000", "CODECS=\"opus\",AUDIO"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	for name, o := range map[string]Options{"fewer": {Renditions: []string{"360p"}}, "AAC": {Audio: []string{"opus", "aac"}}} {
		if _, _, err := s.Start("live", o); !errors.Is(err, ErrOther) {
			t.Errorf("%s while it is on: %v", name, err)
		}
	}
	slices.Reverse(wish.Renditions)
	if _, begun, err := s.Start("live", wish); err != nil || begun {
		t.Errorf("the same in another order: %v, %v", begun, err)
	}
}

// TestNoRendition: what there is not is refused, with what there is, and nothing is on then.
func TestNoRendition(t *testing.T) {
	s := newStage(t, Default())
	for wish, o := range map[string]Options{
		"360p, 180p, 90p and audio, not \"720p\"": {Renditions: []string{"720p"}},
		"needs one with a picture":                {Renditions: []string{"audio"}},
		"opus and aac, not \"mp3\"":               {Audio: []string{"mp3"}},
	} {
		if _, _, err := s.Start("live", o); !errors.Is(err, ErrRendition) || !strings.Contains(err.Error(), wish) {
			t.Errorf("%+v: %v", o, err)
		}
		if i, err := s.Get("live"); err != nil || i.State != Off {
			t.Errorf("%+v leaves %+v, %v", o, i, err)
		}
	}
}

// TestLineup has the IDRs of two renditions come in either order, apart, or not at all. The session begins with
// IDRs of one tick, and with what followed them.
func TestLineup(t *testing.T) {
	const tick = 33 * time.Millisecond
	type came struct {
		n   int
		key bool
		at  time.Duration
	}
	for name, c := range map[string]struct {
		units  []came
		begins bool
		held   []int
	}{
		"in order":       {[]came{{0, true, 0}, {1, true, 0}, {0, false, tick}, {1, false, tick}}, true, []int{2, 2}},
		"other order":    {[]came{{1, true, 0}, {1, false, tick}, {0, true, tick}, {0, false, 2 * tick}}, true, []int{2, 2}},
		"IDRs alone":     {[]came{{0, true, 0}, {1, true, 0}, {1, false, tick}}, false, []int{1, 2}},
		"a second apart": {[]came{{1, true, 0}, {1, false, tick}, {0, true, time.Second}}, false, []int{1, 2}},
		"no IDR":         {[]came{{1, false, 0}, {0, true, 0}}, false, []int{1, 0}},
	} {
		l, begins := lineup{pictures: make([][]*intake.Unit, 2)}, false
		for _, u := range c.units {
			v := unit([]byte{1}, u.key)
			v.At = u.at
			begins = l.add(u.n, v)
		}
		if all := l.pictures; begins != c.begins || len(all[0]) != c.held[0] || len(all[1]) != c.held[1] {
			t.Errorf("%s: begins %v, with %d and %d", name, begins, len(all[0]), len(all[1]))
		}
	}
}

// TestPauseAtStart has nothing follow the first IDRs for 300 ms, or the second rendition come so late. The session
// begins with a part that has sound, as all do.
func TestPauseAtStart(t *testing.T) {
	for name, c := range map[string]struct {
		lost func(rendition, picture int) bool
		late int // pictures of the second rendition that come together
	}{
		"a pause":        {func(_, p int) bool { return p > 0 && p < 9 }, 0},
		"one comes late": {nil, 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, Default())
			if _, _, err := s.Start("live", Options{Renditions: []string{"360p", "180p"}}); err != nil {
				t.Fatal(err)
			}
			s.climb()
			s.lost, s.late = c.lost, c.late
			s.roll(5*time.Second, 30, nil)
			CheckRules(t, s.ask, false)
		})
	}
}

// TestRungChanges has one of two renditions begin anew with other parameter sets. All of a new session begin
// together.
func TestRungChanges(t *testing.T) {
	s := newStage(t, Default())
	if _, _, err := s.Start("live", Options{Renditions: []string{"360p", "180p"}}); err != nil {
		t.Fatal(err)
	}
	s.climb()
	s.roll(5*time.Second, 30, nil)
	before := s.media("video1")
	other := newStage(t, Default())
	other.resize(192, 108)
	_ = s.encs[1].Close()
	s.encs[1], s.sizes[1] = other.enc, other.size
	s.roll(6*time.Second, 30, nil)
	if after := s.media("video1"); after == before {
		t.Error("the session goes on with other parameter sets")
	}
	time.Sleep(fresh)
	CheckRules(t, s.ask, true)
}

// TestGauge: the most and the average of segments, with what the file has beside samples.
func TestGauge(t *testing.T) {
	var g gauge
	if peak, average := g.rates(); peak != 0 || average != 0 {
		t.Errorf("before the first segment: %d, %d", peak, average)
	}
	for _, size := range []int{10_000, 30_000} {
		g.add(size)
		g.cut(2 * time.Second)
	}
	peak, average := g.rates()
	if peak < 120_000 || peak > 130_000 || average < 80_000 || average > 90_000 {
		t.Errorf("%d at most, %d on average", peak, average)
	}
}

// TestNames: renditions are called after the shorter side.
func TestNames(t *testing.T) {
	for want, of := range map[string]ladder.Rung{
		"720p": {Size: codectest.Picture(1280, 720, 0).Rect.Size()}, "360p": {Size: codectest.Picture(360, 640, 0).Rect.Size()},
	} {
		if got := name(of); got != want {
			t.Errorf("%v is %s", of.Size, got)
		}
	}
}
