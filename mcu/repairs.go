package mcu

import (
	"time"

	"tilemix/mcu/fanout"
	"tilemix/mcu/rtc/send"
)

const (
	// answered is when a viewer who asked for an IDR has it, at the latest.
	answered = 2 * fanout.KeyInterval
	// unsteady is how long a line counts as narrow after it could not keep up.
	unsteady = 5 * time.Second
)

// repairs is what a viewer asked for because he lost pictures, or his line dropped
// them. An IDR is everybody's who has the rendition, so his allowance bounds those that
// he causes where he is not alone with it. A replay is his alone, but there is no more than one after each IDR. His
// ladder's moves are not counted: it takes its time.
type repairs struct {
	allowance allowance
	asked     *rendition // whose IDR he caused and has not had yet; nil: none
	askedAt   time.Time
	again     bool       // he is to have a replay of what he has
	replayed  time.Time  // when he last had one
	broke     *rendition // that his line could not take and he waits for, or less; nil: none
	held      uint64     // access units that it did not take
	heldAt    time.Time  // when that was last seen to grow
}

// steady takes how much a line did not take so far, and tells whether that was nothing
// of late.
func (r *repairs) steady(held uint64, now time.Time) bool {
	if held != r.held {
		r.held, r.heldAt = held, now
	}
	return now.Sub(r.heldAt) > unsteady
}

// pending tells whether an IDR of a rendition that he caused is on its way.
func (r *repairs) pending(of *rendition, now time.Time) bool {
	return r.asked != nil && r.asked == of && now.Sub(r.askedAt) < answered
}

// cause asks for an IDR in his name, if he may cause one and none is on its way.
func (r *repairs) cause(of *rendition, may bool, now time.Time) {
	if of.shared && !may || r.pending(of, now) {
		return
	}
	if of.shared { // else nobody pays for it but he
		r.allowance.spend(now)
	}
	r.asked, r.askedAt = of, now
	of.enc.RequestKeyFrame()
}

// waits tells whether there is something to be sent to the viewer soon.
func (w *sight) waits(now time.Time) bool {
	return w.next != nil || w.on != nil && (w.again || w.pending(w.on, now))
}

// begin gives the viewer a rendition.
func (w *sight) begin(r *rendition) {
	w.on, w.next, w.broke, w.asked, w.again = r, nil, nil, nil, false
}

// repair answers a viewer's request for an IDR of what he has. It returns false when it
// is ignored, until his allowance has room again or there is something to be replayed.
func (w *sight) repair(now time.Time) bool {
	r := w.on
	if w.again || w.pending(r, now) {
		return true
	}
	may, recent := w.allowance.asks(now) || !r.shared, fanout.KeyInterval
	if may {
		recent /= 2
	}
	if !r.busy && r.enc.CanReplay(now, recent) && now.Sub(w.replayed) > r.enc.KeyAge(now) {
		w.again = true
		return true
	}
	w.cause(r, may, now)
	return may
}

// replay serves a viewer who waits for a rendition from what was encoded of it, or
// asks for an IDR. Who had nothing yet begins with any recent one; who moves, or
// whose line could not keep up, is not sent more than half a second at once, and who
// has lost pictures up to a second. It returns the number of pictures.
func (w *sight) replay(d *send.Downlink, now time.Time) int {
	r, recent := w.next, fanout.KeyInterval
	switch {
	case w.again && w.on != nil:
		r = w.on
	case !w.last.IsZero():
		recent /= 2
	}
	if r == nil || r.enc == nil || r.busy {
		return 0
	}
	if !r.enc.CanReplay(now, recent) {
		w.ask(r, now)
		w.again = false
		return 0
	}
	n, until := r.enc.Replay(d, time.Now(), now, w.last)
	w.last, w.replayed = until.Add(-time.Microsecond), now
	next := w.next
	w.begin(r)
	if next != r {
		w.next = next
	}
	return n
}

// ask asks for the IDR that a viewer begins a rendition with.
func (w *sight) ask(r *rendition, now time.Time) {
	switch {
	case r == w.on:
	case w.broke != nil && r.rung <= w.broke.rung:
		may := w.allowance.asks(now)
		if w.cause(r, may, now); r.shared && !may {
			w.choice.Spare(now)
		}
	default:
		r.enc.RequestKeyFrame()
	}
}
