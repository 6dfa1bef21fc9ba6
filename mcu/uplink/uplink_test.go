package uplink_test

import (
	"image"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/uplink"
	"tilemix/mixer/layout"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestFor(t *testing.T) {
	for _, c := range []struct {
		tile, want image.Point
		bitrate    int
	}{
		{image.Pt(1280, 720), image.Pt(1280, 720), 1_500_000},
		{image.Pt(1920, 1080), image.Pt(1280, 720), 1_500_000},
		{image.Pt(640, 360), image.Pt(640, 360), 490_000},
		{image.Pt(628, 524), image.Pt(628, 524), 900_000}, // its cameras send 931x524
		{image.Pt(406, 228), image.Pt(406, 228), 240_000},
		{image.Pt(237, 133), image.Pt(238, 134), 100_000},
		{image.Pt(2, 2), image.Pt(160, 90), 50_000},
	} {
		got := uplink.For(c.tile, 25)
		if got != (uplink.Constraints{Size: c.want, FrameRate: 25, Bitrate: c.bitrate}) {
			t.Errorf("a tile of %v needs %+v", c.tile, got)
		}
	}
	if got := uplink.For(image.Point{}, 30); got != (uplink.Constraints{}) {
		t.Errorf("no tile needs %+v", got)
	}
}

// TestGrids says what the grids of 720p ask for: what the tile has.
func TestGrids(t *testing.T) {
	for n := 1; n <= layout.MaxTiles; n++ {
		tile := layout.Grid(image.Pt(1280, 720), make([]layout.Source, n))[0].Rect.Size()
		got := uplink.For(tile, 30).Size
		if got != tile {
			t.Errorf("%d tiles of %v need %v", n, tile, got)
		}
	}
}

var (
	large  = uplink.For(image.Pt(1280, 720), 30)
	middle = uplink.For(image.Pt(640, 360), 30)
	small  = uplink.For(image.Pt(320, 180), 30)
	none   = uplink.Constraints{}
)

// TestDecide has wishes at times in milliseconds, and says for each whether it is
// asked for and when it would be.
func TestDecide(t *testing.T) {
	type step struct {
		at    int
		wish  uplink.Constraints
		ask   bool
		again int // 0: nothing is left to decide
	}
	for name, steps := range map[string][]step{
		"the first at once": {{0, small, true, 0}, {10, small, false, 0}},
		"nothing is wanted, after a moment": {
			{0, none, false, 1000}, {999, none, false, 1000}, {1000, none, true, 0}, {5000, none, false, 0},
		},
		"somebody comes to watch in that moment": {{0, none, false, 1000}, {300, large, true, 0}},
		"more at once":                           {{0, small, true, 0}, {2000, large, true, 0}},
		"more, but not within two seconds": {
			{0, small, true, 0}, {100, middle, false, 2000}, {1999, middle, false, 2000}, {2000, middle, true, 0},
		},
		"the newest wish wins": {
			{0, small, true, 0}, {100, middle, false, 2000}, {200, large, false, 2000}, {2000, large, true, 0},
		},
		"less after a moment": {
			{0, large, true, 0}, {5000, small, false, 6000}, {5999, small, false, 6000}, {6000, small, true, 0},
		},
		"less for no more than a moment": {
			{0, large, true, 0}, {5000, small, false, 6000}, {5500, large, false, 0}, {5900, small, false, 6900},
		},
		"less and still less count as one": {
			{0, large, true, 0}, {5000, middle, false, 6000}, {5900, small, false, 6000}, {6000, small, true, 0},
		},
		"less soon after": {{0, large, true, 0}, {500, small, false, 2000}, {2000, small, true, 0}},
		"a little less is enough": {
			{0, large, true, 0}, {5000, uplink.For(image.Pt(1060, 600), 30), false, 0}, {9000, large, false, 0},
		},
		"a little more is not": {{0, middle, true, 0}, {2000, uplink.For(image.Pt(642, 360), 30), true, 0}},
		"stopped, and back": {
			{0, small, true, 0},
			{5000, none, false, 6000},
			{6000, none, true, 0},
			{6100, small, false, 8000},
			{8000, small, true, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var a uplink.Requested
			for _, s := range steps {
				ask, again := a.Decide(s.wish, epoch.Add(time.Duration(s.at)*time.Millisecond))
				due := 0
				if !again.IsZero() {
					due = int(again.Sub(epoch).Milliseconds())
				}
				if ask != s.ask || due != s.again {
					t.Fatalf("at %d ms: asked %v, again at %d, want %v, %d", s.at, ask, due, s.ask, s.again)
				}
				if got, _ := a.Last(); ask && got != s.wish {
					t.Fatalf("at %d ms: asked for %+v", s.at, got)
				}
			}
		})
	}
}

// TestDecideSettles has any wishes at any times: two are never asked for within
// two seconds, and when wishes end, the last is asked for within those.
func TestDecideSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a uplink.Requested
		var last, again time.Time
		now, wish := epoch, none
		decide := func() {
			ask, next := a.Decide(wish, now)
			if again = next; !ask {
				return
			}
			if !last.IsZero() && now.Sub(last) < 2*time.Second {
				t.Fatalf("asked twice within %v", now.Sub(last))
			}
			last = now
		}
		for range rapid.IntRange(1, 50).Draw(t, "wishes") {
			next := now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			for !again.IsZero() && !again.After(next) {
				now = again
				decide()
			}
			now, wish = next, rapid.SampledFrom([]uplink.Constraints{none, small, middle, large}).Draw(t, "wish")
			decide()
		}
		end := now.Add(2 * time.Second)
		for !again.IsZero() {
			if again.After(end) {
				t.Fatalf("decides again %v later", again.Sub(now))
			}
			now = again
			decide()
		}
		if got, asked := a.Last(); !asked || got != wish {
			t.Fatalf("was asked for %+v at last, not %+v", got, wish)
		}
	})
}

// TestForScreen asks a screen for its tile, up to 1080p, and never for more than a camera of the size
// has bits.
func TestForScreen(t *testing.T) {
	for _, c := range []struct{ tile, want image.Point }{
		{image.Pt(0, 0), image.Point{}},
		{image.Pt(-2, 90), image.Point{}},
		{image.Pt(1114, 720), image.Pt(1114, 720)},
		{image.Pt(1671, 1080), image.Pt(1672, 1080)},
		{image.Pt(3840, 2160), image.Pt(1920, 1080)},
		{image.Pt(40, 30), image.Pt(160, 90)},
	} {
		got := uplink.ForScreen(c.tile, 30)
		if got.Size != c.want || (got == uplink.Constraints{}) != (c.want == image.Point{}) {
			t.Errorf("a tile of %v: %+v", c.tile, got)
		}
	}
	if hd, full := uplink.ForScreen(image.Pt(1280, 720), 30), uplink.ForScreen(image.Pt(1920, 1080), 30); hd.Bitrate != 1_500_000 || full.Bitrate < 2_500_000 || full.Bitrate > 3_000_000 {
		t.Errorf("720p has %d bits a second, 1080p %d", hd.Bitrate, full.Bitrate)
	}
	var asked uplink.Requested
	now := time.Unix(1_800_000_000, 0)
	if ask, _ := asked.Decide(uplink.ForScreen(image.Pt(1114, 720), 30), now); !ask {
		t.Error("a new screen is asked for nothing")
	}
	if ask, _ := asked.Decide(uplink.ForScreen(image.Pt(1110, 716), 30), now.Add(3*time.Second)); ask {
		t.Error("a tile that is a little smaller asks again")
	}
}
