package ladder_test

import (
	"image"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mcu/ladder"
)

// room is the ladder of a room with 720p30 in 1.5 Mbit/s.
func room() []ladder.Rung {
	return ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
}

// TestLike holds ladders of other canvases to the room's: as many bits for the detail, and no more rungs.
func TestLike(t *testing.T) {
	for _, x := range []struct {
		size        image.Point
		every       int
		rungs, rate int // rate of the first rung, pictures a second
		least, most int // bits a second of the first rung
	}{
		{image.Pt(1280, 720), 1, 4, 30, 1_500_000, 1_500_000},
		{image.Pt(1280, 720), 2, 4, 15, 1_500_000, 1_500_000},
		{image.Pt(1920, 1080), 1, 4, 30, 2_900_000, 3_100_000}, // twice that of 720p
		{image.Pt(640, 360), 1, 4, 30, 400_000, 500_000},
		{image.Pt(720, 1280), 1, 4, 30, 1_500_000, 1_500_000}, // upright
		{image.Pt(160, 90), 1, 2, 30, 40_000, 50_000},         // nothing smaller is worth its bits
		{image.Pt(1280, 720), 90, 4, 1, 1_500_000, 1_500_000}, // no rate is 0
	} {
		got := ladder.Like(room(), x.size, x.every)
		if len(got) != x.rungs || got[len(got)-1] != (ladder.Rung{}) {
			t.Errorf("%v: %d rungs, want %d: %+v", x.size, len(got), x.rungs, got)
		}
		if first := got[0]; first.Size != x.size || first.Every != x.every || first.FrameRate != x.rate || first.Bitrate < x.least || first.Bitrate > x.most {
			t.Errorf("%v once in %d: %+v", x.size, x.every, first)
		}
	}
}

// TestLikeAlways: rungs get smaller in all that they have, the room's ladder stays as it is.
func TestLikeAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 1100)
		from := ladder.Of(ladder.Rung{
			Size: image.Pt(2*side.Draw(t, "room width"), 2*side.Draw(t, "room height")), FrameRate: rapid.IntRange(1, 60).Draw(t, "rate"),
			Bitrate: rapid.IntRange(50_000, 8_000_000).Draw(t, "bitrate"),
		})
		kept := append([]ladder.Rung{}, from...)
		size, every := image.Pt(2*side.Draw(t, "width"), 2*side.Draw(t, "height")), rapid.IntRange(1, 8).Draw(t, "every")
		got := ladder.Like(from, size, every)
		for i, r := range from {
			if r != kept[i] {
				t.Fatalf("rung %d of the room becomes %+v", i, r)
			}
		}
		if len(got) < 2 || len(got) > len(from) || got[len(got)-1] != (ladder.Rung{}) {
			t.Fatalf("%+v of %+v", got, from)
		}
		for i, r := range got[:len(got)-1] {
			if r.FrameRate < 1 || r.Every < every || r.Every%every != 0 || (r.Size.X|r.Size.Y)&1 != 0 {
				t.Fatalf("rung %d: %+v", i, r)
			}
			if i > 0 && (r.Size.X >= got[i-1].Size.X || r.Bitrate >= got[i-1].Bitrate || r.FrameRate > got[i-1].FrameRate) {
				t.Fatalf("rung %d is not below %+v: %+v", i, got[i-1], r)
			}
		}
	})
}

// TestClimb: a viewer keeps its rung on another ladder as far as that has it, and has a picture after
// it exactly if there was one before.
func TestClimb(t *testing.T) {
	short := ladder.Like(room(), image.Pt(160, 90), 1)
	for rung, want := range map[int]int{0: 0, 1: 0, 2: 0} {
		c := ladder.NewChoice(room())
		c.Begin(rung)
		if c.Climb(short); c.Rung() != want || len(c.Rungs()) != 2 {
			t.Errorf("rung %d becomes %d of %d, want %d", rung, c.Rung(), len(c.Rungs()), want)
		}
		if c.Climb(room()); c.Rung() != want || len(c.Rungs()) != 4 {
			t.Errorf("rung %d is %d of %d after all", rung, c.Rung(), len(c.Rungs()))
		}
	}
	c := ladder.NewChoice(room())
	c.Begin(2)
	if c.Climb(ladder.Like(room(), image.Pt(1280, 720), 2)); c.Rung() != 2 {
		t.Errorf("rung 2 becomes %d of as many", c.Rung())
	}
}

// TestLikeNothing has rooms without a picture, and canvases that are drawn at no tick or have no size.
func TestLikeNothing(t *testing.T) {
	for _, room := range [][]ladder.Rung{nil, {}, {{}}, {{Bitrate: 1}, {}}} {
		if got := ladder.Like(room, image.Pt(640, 360), 2); len(got) != len(room) {
			t.Errorf("%v becomes %v", room, got)
		}
	}
	for _, every := range []int{-1, 0, 1} {
		if got := ladder.Like(room(), image.Pt(640, 360), every); got[0].FrameRate != room()[0].FrameRate || got[0].Every != room()[0].Every {
			t.Errorf("drawn at one tick of %d: %+v", every, got[0])
		}
	}
	if got := ladder.Like(room(), image.Point{}, 1); len(got) == 0 || got[len(got)-1] != (ladder.Rung{}) {
		t.Errorf("without a size: %v", got)
	}
}
