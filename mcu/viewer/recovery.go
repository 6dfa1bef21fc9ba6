package viewer

import (
	"time"

	"tilemix/mcu/keyframe"
	"tilemix/mcu/rendition"
)

const (
	// answered (2 s) is when a viewer that asked for an IDR has it, at the latest.
	answered = 2 * keyframe.Interval
	// unsteady (5 s) is how long a path counts as narrow after it could not keep up.
	unsteady = 5 * time.Second
)

// recovery is what a viewer asked for because it lost pictures, or its path dropped them.
// The budget bounds the IDRs that the viewer causes where others share the rendition.
// A replay is sent to this viewer alone, but there is no more than one after each IDR.
// Moves along the ladder are not counted, because the ladder takes its time.
type recovery struct {
	budget        keyframe.Budget
	asked         *rendition.Rendition // whose IDR it caused and has not had yet; nil: none
	askedAt       time.Time
	replayPending bool                 // it is to have a replay of what it has
	replayed      time.Time            // when it last had one
	broken        *rendition.Rendition // that its path could not take; it waits for this or less; nil: none
	held          uint64               // access units that the path did not take
	heldAt        time.Time            // when that was last seen to grow
}

// begin forgets what was asked for, as the viewer begins a rendition.
func (r *recovery) begin() { r.broken, r.asked, r.replayPending = nil, nil, false }

// steady takes how much the path did not take so far, and tells whether that was nothing
// of late.
func (r *recovery) steady(held uint64, now time.Time) bool {
	if held != r.held {
		r.held, r.heldAt = held, now
	}
	return now.Sub(r.heldAt) > unsteady
}

// pending tells whether an IDR of a rendition that the viewer caused is on its way.
func (r *recovery) pending(of *rendition.Rendition, now time.Time) bool {
	return r.asked != nil && r.asked == of && now.Sub(r.askedAt) < answered
}

// requestKeyframe asks for an IDR in the viewer's name, if it may cause one and none is on
// its way.
func (r *recovery) requestKeyframe(of *rendition.Rendition, may bool, now time.Time) {
	if of.Shared() && !may || r.pending(of, now) {
		return
	}
	if of.Shared() { // else no other viewer pays for it
		r.budget.Spend(now)
	}
	r.asked, r.askedAt = of, now
	of.RequestKeyFrame()
}

// answer answers a viewer's request for an IDR of what it has. It returns false when the
// request is ignored, until the budget has room again or there is something to be
// replayed.
func (v *Subscription) answer(now time.Time) bool {
	r, of := &v.recovery, v.on
	if r.replayPending || r.pending(of, now) {
		return true
	}
	may, recent := r.budget.Ask(now) || !of.Shared(), keyframe.Interval
	if may {
		recent /= 2
	}
	if of.CanReplay(now, recent) && now.Sub(r.replayed) > of.KeyAge(now) {
		r.replayPending = true
		return true
	}
	r.requestKeyframe(of, may, now)
	return may
}

// Replay serves a viewer that waits for a rendition, or asked for an IDR, from what was
// encoded. A viewer that had nothing yet begins with any recent IDR. A viewer that moves,
// or whose path could not keep up, is not sent more than half a second at once, and one
// that lost pictures up to a second. The access units leave at the time at. It returns the number of access units.
func (v *Subscription) Replay(now, at time.Time) int {
	r, recent := v.next, keyframe.Interval
	switch {
	case v.recovery.replayPending && v.on != nil:
		r = v.on
	case !v.last.IsZero():
		recent /= 2
	}
	if r == nil || !r.Idle() {
		return 0
	}
	if !r.CanReplay(now, recent) {
		v.ask(r, now)
		v.recovery.replayPending = false
		return 0
	}
	n, until := r.Replay(v.stream, at, now, v.last)
	v.last, v.recovery.replayed = until.Add(-time.Microsecond), now
	next := v.next
	v.switchTo(r)
	if next != r {
		v.next = next
	}
	return n
}

// ask asks for the IDR that a viewer begins a rendition with.
func (v *Subscription) ask(r *rendition.Rendition, now time.Time) {
	switch broken := v.recovery.broken; {
	case r == v.on:
	case broken != nil && !r.Smaller(broken):
		may := v.recovery.budget.Ask(now)
		if v.recovery.requestKeyframe(r, may, now); r.Shared() && !may {
			v.choice.Spare(now)
		}
	default:
		r.RequestKeyFrame()
	}
}
