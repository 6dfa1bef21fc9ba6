package motion_test

import (
	"encoding/json"
	"image"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mixer/motion"
)

// read returns an ease by its JSON.
func read(tb testing.TB, text string) (e motion.Ease) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		tb.Fatal(err)
	}
	return e
}

// TestEases has each ease go from 0 to 1, stay between, and be read as it is written.
func TestEases(t *testing.T) {
	for text, middle := range map[string]float64{`"linear"`: .5, `"in-out"`: .5, `"bounce"`: .765625, `[0.25,0.1,0.25,1]`: .8024, `[0,0,1,1]`: .5} {
		e := read(t, text)
		if e.At(-1) > 1e-6 || e.At(0) > 1e-6 || e.At(1) < 1-1e-6 || e.At(2) < 1-1e-6 {
			t.Errorf("%s goes from %v to %v", text, e.At(0), e.At(1))
		}
		if got := e.At(.5); math.Abs(got-middle) > 1e-3 {
			t.Errorf("%s is at %v in the middle, not %v", text, got, middle)
		}
		for i := range 1001 {
			if v := e.At(float64(i) / 1000); !(v >= 0 && v <= 1) {
				t.Fatalf("%s is at %v after %d of 1000", text, v, i)
			}
		}
		data, err := json.Marshal(e)
		if err != nil || read(t, string(data)) != e {
			t.Errorf("%s is written as %s: %v", text, data, err)
		}
	}
	if !read(t, `"in-out"`).IsZero() || read(t, `"linear"`).IsZero() {
		t.Error("the usual one is not in-out")
	}
}

// TestBadEases refuses what is none.
func TestBadEases(t *testing.T) {
	for _, text := range []string{`"fast"`, `""`, `3`, `[]`, `[0,0,1]`, `[0,0,1,1,1]`, `[0,-0.1,1,1]`, `[0,0,1,1.1]`, `[1e999,0,0,0]`, `["0",0,1,1]`, `{}`} {
		var e motion.Ease
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s is an ease", text)
		}
	}
}

// TestBetween has rectangles begin and end where they are to, be even on the way, and never leave the
// canvas that both are on.
func TestBetween(t *testing.T) {
	even := rapid.Map(rapid.IntRange(0, 960), func(n int) int { return 2 * n })
	rect := rapid.Custom(func(t *rapid.T) image.Rectangle {
		return image.Rect(even.Draw(t, "x0"), even.Draw(t, "y0"), even.Draw(t, "x1"), even.Draw(t, "y1"))
	})
	rapid.Check(t, func(t *rapid.T) {
		from, to := rect.Draw(t, "from"), rect.Draw(t, "to")
		how := motion.Transition{Length: time.Duration(rapid.IntRange(1, 2000).Draw(t, "ms")) * time.Millisecond}
		if motion.Between(from, to, how.Part(0)) != from || motion.Between(from, to, how.Part(how.Length)) != to {
			t.Fatal("it goes from and to elsewhere")
		}
		at := motion.Between(from, to, how.Part(time.Duration(rapid.Int64Range(0, int64(how.Length)).Draw(t, "time"))))
		if at.Min.X%2 != 0 || at.Min.Y%2 != 0 || at.Max.X%2 != 0 || at.Max.Y%2 != 0 || !at.In(from.Union(to)) && !from.Empty() && !to.Empty() {
			t.Fatalf("between %v and %v is %v", from, to, at)
		}
	})
	if (motion.Transition{}).Part(0) != 1 {
		t.Error("without a length tiles do not jump")
	}
}
