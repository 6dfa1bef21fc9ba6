package broadcast

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"tilemix/mcu/intake"
	"tilemix/mcu/ladder"
)

const (
	// together (100 ms) is how far IDRs may be apart that belong to one tick of the clock.
	together = 100 * time.Millisecond
	// mostHeld (90) is how many pictures of a rendition wait for the IDR of another.
	mostHeld = 90
)

// lineup is what has come of each rendition since its last IDR, while there is no session. A session
// begins with IDRs of one tick. It belongs to the broadcast's goroutine.
type lineup [][]*intake.Unit

// add keeps a unit, whose memory stays the caller's, and tells whether a session can begin.
func (l lineup) add(n int, u *intake.Unit) bool {
	switch {
	case u.Key:
		l[n] = l[n][:0]
	case len(l[n]) == 0 || len(l[n]) >= mostHeld:
		return false
	}
	kept := *u
	kept.Data = bytes.Clone(u.Data)
	l[n] = append(l[n], &kept)
	for _, units := range l {
		if len(units) == 0 || (units[0].At-l[0][0].At).Abs() > together {
			return false
		}
	}
	return true
}

// take returns the units of each rendition, which are kept no more.
func (l lineup) take() [][]*intake.Unit {
	all := slices.Clone(l)
	clear(l)
	return all
}

// soundOnly names the rendition that has no picture.
const soundOnly = "audio"

// choose returns which rungs of a ladder are wished, largest first, and whether sound alone is. Nothing is the
// full picture. An error wraps ErrRendition.
func choose(wished []string, of []ladder.Rung) (rungs []int, radio bool, err error) {
	var names []string
	for _, r := range of[:len(of)-1] {
		names = append(names, name(r))
	}
	for _, w := range wished {
		n := slices.Index(names, w)
		switch {
		case w == soundOnly:
			radio = true
		case n < 0:
			return nil, false, fmt.Errorf("%w: this room has %s and %s, not %.20q", ErrRendition, strings.Join(names, ", "), soundOnly, w)
		case !slices.Contains(rungs, n):
			rungs = append(rungs, n)
		}
	}
	switch {
	case len(rungs) > 0:
		slices.Sort(rungs)
	case radio:
		return nil, false, fmt.Errorf("%w: %s needs one with a picture beside it, such as %s", ErrRendition, soundOnly, names[0])
	default:
		rungs = []int{0}
	}
	return rungs, radio, nil
}

// same tells whether a list is the other one, in any order.
func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// sounds tells whether AAC is wished beside Opus. Nothing is Opus. An error wraps ErrRendition.
func sounds(wished []string) (both bool, err error) {
	for _, w := range wished {
		switch w {
		case codecAAC:
			both = true
		case codecOpus:
		default:
			return false, fmt.Errorf("%w: audio is %s, or %s and %s, not %.20q", ErrRendition, codecOpus, codecOpus, codecAAC, w)
		}
	}
	return both, nil
}
