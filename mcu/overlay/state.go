package overlay

import (
	"fmt"
	"time"

	"tilemix/mcu/control"
	"tilemix/mixer/decor"
	"tilemix/mixer/motion"
)

const (
	// shown (5 s) is how long a lower third stays.
	shown = 5 * time.Second
	// soon (5 min) is how long before the end of a call the picture says so.
	soon = 5 * time.Minute
)

// State is what a room's overlays depend on.
type State struct {
	Set         *Set      // nil: there are none
	Began, Ends time.Time // of the call; zero: not known, never
	Stops       time.Time // the server; zero: not soon
	Recorded    bool
	Caption     Caption
	Usual       motion.Transition // where the Set has none
	Room        string            // its title or name, the usual title of a waiting picture
	Waiting     bool              // there is nothing to see, see Waits. The picture clock knows
}

// When a waiting picture is shown.
const (
	whenEmpty    = "empty"
	whenPictures = "pictures"
)

// Waits tells whether a view with so many tiles shows the waiting picture, of which filmed says that one
// has the picture of a camera or a screen.
func (s *State) Waits(tiles int, filmed bool) bool {
	if s.Set == nil {
		return false
	}
	switch s.Set.Waiting.When {
	case whenEmpty:
		return tiles == 0
	case whenPictures:
		return !filmed
	}
	return false
}

// wait puts the waiting picture into o.
func (s *State) wait(o *decor.Overlays) {
	w := &s.Set.Waiting
	if s.Set.poster != nil {
		o.Backdrop = s.Set.poster
	}
	if o.Heading, o.Note = w.Title, w.Text; w.Title == "" && s.Set.poster == nil {
		o.Heading = s.Room
	}
}

// Caption is what a lower third says of a participant.
type Caption struct {
	Name, Title string
	Since       time.Time
	Spoke       bool // it began to speak. Only a Set whose LowerThird is "speaker" shows it then
}

// on tells whether a lower third is there.
func (p *Caption) on(now time.Time) bool { return p.Name != "" && now.Sub(p.Since) < shown }

// introduces tells whether the lower third is seen.
func (s *State) introduces(now time.Time) bool {
	return s.Caption.on(now) && (!s.Caption.Spoke || s.Set.LowerThird == "speaker")
}

// Changes returns when the picture next changes by itself after a time, zero for never.
func (s *State) Changes(after time.Time) (next time.Time) {
	if s.Set == nil {
		return next
	}
	if s.introduces(after) {
		next = sooner(next, s.Caption.Since.Add(shown))
	}
	switch {
	case s.Set.Clock == "time":
		next = sooner(next, after.Add(time.Second-time.Duration(after.Nanosecond()))) // by the monotonic clock
	case s.Set.Clock == "elapsed" && !s.Began.IsZero():
		next = sooner(next, s.Began.Add(time.Duration(s.clock(after)+1)*time.Second))
	case s.Set.Clock == "remaining" && s.Ends.After(after):
		next = sooner(next, s.Ends.Add(-time.Duration(until(s.Ends, after)-1)*time.Second))
	}
	if s.Stops.After(after) {
		next = sooner(next, s.Stops.Add(-time.Duration(until(s.Stops, after)-1)*time.Second))
	}
	switch {
	case !s.Set.Ending || !s.Ends.After(after):
	case s.left(after) < 0:
		next = sooner(next, s.Ends.Add(-soon))
	default:
		next = sooner(next, s.Ends.Add(-time.Duration(until(s.Ends, after)-1)*time.Second))
	}
	return next
}

// sooner returns the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Transition returns how tiles come to other places.
func (s *State) Transition() motion.Transition {
	if s.Set == nil || s.Set.Transition == nil {
		return s.Usual
	}
	t := s.Set.Transition
	return motion.Transition{Length: time.Duration(t.MS) * time.Millisecond, Ease: t.Ease}
}

// Told returns the same for clients, nil where tiles jump.
func (s *State) Told() *control.Transition {
	t := s.Transition()
	if t.Length <= 0 {
		return nil
	}
	return &control.Transition{MS: int(t.Length.Milliseconds()), Ease: t.Ease}
}

// Frame is what is drawn. It is made anew when that changes: a clock asks at each picture. The zero
// Frame has nothing. It belongs to one goroutine.
type Frame struct {
	state State
	at    instant
	drawn decor.Overlays
}

// instant is what of the time is seen.
type instant struct {
	clock, left, stop int64
	person            bool
}

// At returns what a state looks like at a time. It allocates only where that changed.
func (f *Frame) At(s State, now time.Time) decor.Overlays {
	if s.Set == nil {
		return decor.Overlays{}
	}
	at := instant{clock: s.clock(now), left: s.left(now), stop: -1, person: s.introduces(now)}
	if !s.Stops.IsZero() {
		at.stop = until(s.Stops, now)
	}
	if s == f.state && at == f.at {
		return f.drawn
	}
	f.state, f.at = s, at
	o := s.Set.base
	o.Recording = s.Recorded && s.Set.Rec
	if at.person {
		o.Name, o.Title = s.Caption.Name, s.Caption.Title
	}
	switch s.Set.Clock {
	case "time":
		o.Clock = now.In(s.Set.zone).Format("15:04:05")
		if s.Set.Zone == "" {
			o.Clock += " UTC"
		}
	case "elapsed", "remaining":
		if at.clock >= 0 {
			o.Clock = spell(at.clock)
		}
	}
	if s.Waiting {
		s.wait(&o)
	}
	if at.left >= 0 {
		o.Message, o.MessageFor = "This call ends in", spell(at.left)
	}
	if at.stop >= 0 {
		o.Message, o.MessageFor = "This server stops in", spell(at.stop)
	}
	f.drawn = o
	return o
}

// clock returns the second that the clock shows, -1 for none.
func (s *State) clock(now time.Time) int64 {
	switch {
	case s.Set.Clock == "time":
		return now.Unix()
	case s.Set.Clock == "elapsed" && !s.Began.IsZero():
		return max(int64(now.Sub(s.Began)/time.Second), 0)
	case s.Set.Clock == "remaining" && !s.Ends.IsZero():
		return until(s.Ends, now)
	}
	return -1
}

// left returns how many seconds the call has left, -1 where the picture does not say it.
func (s *State) left(now time.Time) int64 {
	if !s.Set.Ending || s.Ends.IsZero() || s.Ends.Sub(now) > soon {
		return -1
	}
	return until(s.Ends, now)
}

// until returns the seconds to an end, rounded up.
func until(end, now time.Time) int64 {
	return max(int64((end.Sub(now)+time.Second-1)/time.Second), 0)
}

// spell writes a number of seconds as a clock does.
func spell(seconds int64) string {
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}

// None returns a Set that shows nothing but lower thirds.
func None() *Set { return &Set{zone: time.UTC} }
