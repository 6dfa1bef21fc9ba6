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
	// mostHeard (150) is how many packets of sound wait with them, 20 ms each.
	mostHeard = 150
)

// lineup is what has come of each rendition since its last IDR, and of the sound, while there is no session. A
// session begins with IDRs of one tick. It belongs to the broadcast's goroutine.
type lineup struct {
	pictures [][]*intake.Unit
	sound    []*intake.Unit
}

// keep returns a copy of a unit, whose memory stays the caller's.
func keep(u *intake.Unit) *intake.Unit {
	kept := *u
	kept.Data = bytes.Clone(u.Data)
	return &kept
}

// add keeps an access unit, and tells whether a session can begin: of each rendition there is an IDR and what follows
// it, because the muxer takes no sound before.
func (l *lineup) add(n int, u *intake.Unit) bool {
	all := l.pictures
	switch {
	case u.Key:
		all[n] = all[n][:0]
	case len(all[n]) == 0 || len(all[n]) >= mostHeld:
		return false
	}
	all[n] = append(all[n], keep(u))
	for _, units := range all {
		if len(units) < 2 || (units[0].At-all[0][0].At).Abs() > together {
			return false
		}
	}
	return true
}

// hear keeps a packet of sound.
func (l *lineup) hear(u *intake.Unit) {
	if len(l.sound) == mostHeard {
		l.sound = slices.Delete(l.sound, 0, 1)
	}
	l.sound = append(l.sound, keep(u))
}

// take returns the access units of each rendition and the sound beside them, which are kept no more. Where nothing
// came for longer than a tick after the IDRs, these move to the tick before what follows: a part of the pause alone
// would have no sound.
func (l *lineup) take() (pictures [][]*intake.Unit, sound []*intake.Unit) {
	pictures, sound = slices.Clone(l.pictures), l.sound
	clear(l.pictures)
	l.sound = nil
	next := pictures[0][1].At
	for _, units := range pictures {
		next = min(next, units[1].At)
	}
	for _, units := range pictures {
		units[0].At = max(units[0].At, next-intake.Tick)
	}
	begins := pictures[0][0].At
	return pictures, slices.DeleteFunc(sound, func(u *intake.Unit) bool { return u.At < begins })
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
