package retention

import (
	"slices"
	"testing"
	"time"

	"tilemix/mcu/record/sidecar"
)

// TestOver has four recordings of ten bytes each, of which the newest runs, and rules of all kinds.
func TestOver(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	all := []sidecar.Info{
		{ID: "runs", State: sidecar.Recording, Size: 10},
		{ID: "new", State: sidecar.Finished, Ended: now.Add(-day), Size: 10},
		{ID: "oldest", State: sidecar.Failed, Ended: now.Add(-40 * day), Size: 10},
		{ID: "old", State: sidecar.Finished, Ended: now.Add(-20 * day), Size: 10},
	}
	before := slices.Clone(all)
	for name, c := range map[string]struct {
		rules Keeping
		now   time.Time
		want  []string
	}{
		"all stay":              {Keeping{}, now, nil},
		"age":                   {Keeping{Age: 30 * day}, now, []string{"oldest"}},
		"exactly so old":        {Keeping{Age: 40 * day}, now, nil},
		"space":                 {Keeping{Size: 20}, now, []string{"oldest", "old"}},
		"space is just enough":  {Keeping{Size: 40}, now, nil},
		"no space at all":       {Keeping{Size: 1}, now, []string{"oldest", "old", "new"}},
		"both":                  {Keeping{Age: 10 * day, Size: 30}, now, []string{"oldest", "old"}},
		"clock set back a year": {Keeping{Age: 30 * day}, now.Add(-365 * day), nil},
	} {
		var got []string
		for _, i := range c.rules.Over(all, func(i sidecar.Info) int64 { return i.Size }, c.now) {
			got = append(got, i.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q are deleted, not %q", name, got, c.want)
		}
	}
	if !slices.EqualFunc(all, before, func(a, b sidecar.Info) bool { return a.ID == b.ID }) {
		t.Error("the list of the caller has another order")
	}
}
