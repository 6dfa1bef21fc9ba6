// Package retention decides which recordings are deleted because of their age, or because all of them take
// too much space. It deletes nothing itself. Time is an argument.
package retention

import (
	"slices"
	"time"

	"tilemix/mcu/record/sidecar"
)

// Keeping says which recordings stay. The zero Keeping keep all.
type Keeping struct {
	Age    time.Duration // since a recording's end, after which it is deleted; 0: any
	Size   int64         // most bytes that all recordings take; 0: any. The oldest are deleted first
	DryRun bool          // the log names what would be deleted, and nothing is
}

// Over returns the recordings that are to be deleted, the oldest first. Recordings that run count for the
// space, and stay. size returns the bytes of all files of a recording. A recording that ended in the future,
// because the clock was set back, is not old.
func (r Keeping) Over(all []sidecar.Info, size func(sidecar.Info) int64, now time.Time) (over []sidecar.Info) {
	if r.Age <= 0 && r.Size <= 0 {
		return nil
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b sidecar.Info) int { return a.Ended.Compare(b.Ended) })
	var total int64
	if r.Size > 0 {
		for _, i := range all {
			total += size(i)
		}
	}
	for _, i := range all {
		old := r.Age > 0 && now.Sub(i.Ended) > r.Age
		large := r.Size > 0 && total > r.Size
		if !i.State.Ended() || !old && !large {
			continue
		}
		over = append(over, i)
		if r.Size > 0 {
			total -= size(i)
		}
	}
	return over
}
