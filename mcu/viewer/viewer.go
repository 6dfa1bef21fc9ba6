package viewer

import (
	"slices"
	"time"

	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
)

// Subscription is what the picture clock keeps of a participant that receives the picture, for
// as long as the participant is in the room. The zero value is ready.
type Subscription struct {
	stream media.PictureStream
	path   media.Path
	choice ladder.Choice

	on   *rendition.Rendition // that it is sent; nil: none
	next *rendition.Rendition // that it waits for; nil: none
	last time.Time            // of the last picture that it was sent

	held     int  // rung that it has whatever its path carries, from 1; 0: none
	rung     int  // that its client was told of
	reported bool // whether it was told of any

	recovery recovery
}

// Input is what is known of a viewer at one tick.
type Input struct {
	KeyWanted bool          // its client asked for a key frame since the last tick
	Sound     int           // what sound takes of its path, bits a second
	Rungs     []ladder.Rung // of the ladder
	Overload  Overload      // of the server
}

// Verdict is what a viewer is to have.
type Verdict struct {
	Rung    int  // of the ladder
	Up      bool // this is better than before
	Down    bool // this is less than before
	Ignored bool // a request for a key frame was not answered, as too many were
}

// Attach begins anew with another stream, as a client that comes back over a new
// connection has, and does nothing with the same one. The viewer has the rung that it
// had, if that has a picture, and no more budget for key frames than it had.
func (v *Subscription) Attach(s media.PictureStream, p media.Path, rungs []ladder.Rung) {
	if v.stream == s {
		return
	}
	choice, budget := ladder.NewChoice(rungs), v.recovery.budget
	if v.stream != nil {
		choice = v.choice.Again()
	}
	*v = Subscription{stream: s, path: p, choice: choice}
	v.recovery.budget = budget
}

// Climb goes on with another ladder, as a viewer of another view has. It does nothing with the same one.
func (v *Subscription) Climb(rungs []ladder.Rung) {
	if slices.Equal(v.choice.Rungs(), rungs) {
		return
	}
	v.choice.Climb(rungs)
	v.reported = false
}

// Begin has a viewer that was just attached for the first time begin on a rung that another room's
// clock gave it over the same path.
func (v *Subscription) Begin(rung int) { v.choice.Begin(rung) }

// Hold has the viewer have a rung, from 1, whatever its path carries, as the relay of many viewers has. Each
// request of it for a key frame counts as theirs. 0 lets go.
func (v *Subscription) Hold(rung int) { v.held = rung }

// Detach is for a viewer that receives no picture now.
func (v *Subscription) Detach() { v.on, v.next = nil, nil }

// Choose finds out which rung the viewer is to have, and probes its path where the next
// better one depends on that.
func (v *Subscription) Choose(in Input, now time.Time) Verdict {
	if v.on != nil && v.stream.Waits() { // its stream begins again
		v.on, v.recovery.broken = nil, v.on
	}
	if v.held > 0 {
		if in.KeyWanted && v.on != nil {
			v.on.RequestKeyFrame()
		}
		return Verdict{Rung: min(v.held, len(in.Rungs)-1) - 1}
	}
	d := Verdict{}
	was := v.choice.Rung()
	if in.KeyWanted && v.on != nil && !v.answer(now) {
		d.Ignored = true
		v.choice.Spare(now)
	}
	sent := v.stream.Stats()
	estimate := v.path.Estimate()
	rung, probe := v.choice.Decide(ladder.PathState{
		Estimate: estimate, Sound: in.Sound, Sent: sent.Bytes,
		ServerLimited: v.recovery.steady(sent.Dropped, now) && in.Overload.Limits(estimate, in.Rungs[was]),
	}, now)
	if probe > 0 {
		v.path.Probe(probe, now)
	}
	d.Rung, d.Up, d.Down = rung, rung < was, rung > was
	return d
}

// Target makes the viewer wait for a rendition, nil for none. It goes on with what it has
// while it waits for a larger one, and leaves that at once for a smaller one.
func (v *Subscription) Target(r *rendition.Rendition) {
	if r == v.on {
		v.next = nil
		return
	}
	v.next = r
	if r == nil || v.on != nil && (r.Smaller(v.on) || r.Key().Codec != v.on.Key().Codec) {
		v.on = nil
	}
}

// CountTakers counts the viewer to the renditions that it has and waits for.
func (v *Subscription) CountTakers() {
	if v.on != nil {
		v.on.AddTaker()
	}
	if v.next != nil {
		v.next.AddTaker()
	}
}

// Begins tells whether the viewer waits for the first picture of its stream.
func (v *Subscription) Begins() bool { return v.next != nil && v.last.IsZero() }

// Waits tells whether there is something to be sent to the viewer soon.
func (v *Subscription) Waits(now time.Time) bool {
	return v.next != nil || v.on != nil && (v.recovery.replayPending || v.recovery.pending(v.on, now))
}

// Deliver sends one picture of a rendition to the viewer, if it has that, or waits for it
// and can begin with the picture. It leaves at now.
func (v *Subscription) Deliver(r *rendition.Rendition, p packet.Packets, now time.Time) {
	if r == v.next && p.Key {
		v.switchTo(r)
	}
	if r != v.on {
		return
	}
	if p.Key {
		v.recovery.asked = nil
	}
	if !p.At.After(v.last) {
		// It had another rendition of this instant, or a later one: its timestamps are
		// to rise.
		at := v.last.Add(50 * time.Microsecond)
		p.Timestamp += uint32(at.Sub(p.At).Microseconds() * 9 / 100)
		p.At = at
	}
	v.last = p.At
	v.stream.Write(p, now)
}

// switchTo gives the viewer a rendition.
func (v *Subscription) switchTo(r *rendition.Rendition) {
	v.on, v.next = r, nil
	v.recovery.begin()
}

// News returns which rung the viewer has, and whether its client is yet to be told. Want
// is what it was to have; nil is the foot of the ladder.
func (v *Subscription) News(want *rendition.Rendition, foot int) (rung int, news bool) {
	rung = foot
	if want != nil {
		if v.on != want {
			return 0, false
		}
		rung = want.Key().Rung
	}
	return rung, !v.reported || rung != v.rung
}

// Reported takes note that the client was told of a rung, or, as ok says, could not be.
func (v *Subscription) Reported(rung int, ok bool) { v.rung, v.reported = rung, ok }
