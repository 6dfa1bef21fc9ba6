package keyframe

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBudget asks without end, and then for nothing.
func TestBudget(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var a Budget
	storm := func(from, until time.Duration) (given []time.Duration) {
		for at := from; at < until; at += 100 * time.Millisecond {
			if a.Ask(start.Add(at)) {
				a.Spend(start.Add(at))
				given = append(given, at)
			}
		}
		return given
	}
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct {
		what        string
		from, until time.Duration
		want        []time.Duration
	}{
		{"at once", 0, time.Minute, []time.Duration{0, 100 * ms, 5100 * ms, 15100 * ms, 35100 * ms, 55100 * ms}},
		{"after ten good seconds", 70 * s, 71 * s, []time.Duration{70 * s}},
		{"too soon again", 80 * s, 82 * s, nil},
		{"after a minute", 150 * s, 156 * s, []time.Duration{150 * s, 150100 * ms, 155100 * ms}},
	} {
		if got := storm(c.from, c.until); !slices.Equal(got, c.want) {
			t.Errorf("%s: IDRs at %v, not %v", c.what, got, c.want)
		}
	}
}

// TestSchedule asks all the time: one key frame a second comes of it.
func TestSchedule(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var s Requests
	if s.Due(start) {
		t.Error("one is due before anything was asked for")
	}
	var made []time.Duration
	for at := time.Duration(0); at < 3*time.Second; at += 100 * time.Millisecond {
		s.Request()
		if now := start.Add(at); s.Due(now) {
			s.Made(now)
			made = append(made, at)
		}
	}
	if want := []time.Duration{0, time.Second, 2 * time.Second}; !slices.Equal(made, want) {
		t.Errorf("key frames at %v, not %v", made, want)
	}
	now := start.Add(2500 * time.Millisecond)
	if age := s.Age(now); age != 500*time.Millisecond {
		t.Errorf("the last is %v old", age)
	}
	s.Request()
	s.Made(now) // one that nobody asked for serves the request too
	if s.Due(now.Add(time.Hour)) {
		t.Error("a request that was served is due")
	}
}

// TestBudgetBounds has a viewer ask in any way: it never causes more than its interval
// allows.
func TestBudgetBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_800_000_000, 0)
		var b Budget
		var given []time.Time
		for _, wait := range rapid.SliceOf(rapid.IntRange(0, 30_000)).Draw(t, "waits in ms") {
			now = now.Add(time.Duration(wait) * time.Millisecond)
			if b.Ask(now) {
				b.Spend(now)
				given = append(given, now)
			}
			if b.spent < 0 || b.spent >= len(intervals) {
				t.Fatalf("%d are spent", b.spent)
			}
		}
		for i := 3; i < len(given); i++ {
			if d := given[i].Sub(given[i-3]); d < 5*time.Second {
				t.Fatalf("four key frames in %v", d)
			}
		}
	})
}
