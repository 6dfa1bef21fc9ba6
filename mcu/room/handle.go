package room

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/quality"
	"tilemix/mcu/stats"
	"tilemix/mcu/views"
)

// Handle is a room for those who take its media: recorders, outputs, broadcasts. It is safe for concurrent use.
// The room may end while somebody has a handle of it; then it does nothing, and Ended is closed.
type Handle struct{ room *Room }

// Ended is closed when the room has ended.
func (h *Handle) Ended() <-chan struct{} { return h.room.ended }

// AudioChannels is how many channels the mix that sinks take has, 1 or 2. It never changes.
func (h *Handle) AudioChannels() int {
	if h.room.env.Stereo {
		return 2
	}
	return 1
}

// Watched tells whether somebody receives the room's picture.
func (h *Handle) Watched() bool { return h.room.Scene().Watched() }

// Attach gives the room's mix to a sink until the room ends or detach is called. As long the room is drawn and
// mixed even if nobody watches or listens. Detach returns at once; it may be called twice. ErrClosed says that
// the room has ended. Errors about the view are those of SetView.
func (h *Handle) Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error) {
	a, k := &media.Attachment{Sink: sink, SinkOptions: o}, outlets{h.room.loop}
	err = ErrClosed
	if h.room.call(func() { err = k.attach(a) }); err != nil {
		return nil, err
	}
	return func() { h.room.post(func() { k.detach(a) }) }, nil
}

// CheckView returns why a sink could not have a view now, nil if it could. Errors are those of SetView.
func (h *Handle) CheckView(w views.Wish) error {
	err := ErrClosed
	h.room.call(func() { err = outlets{h.room.loop}.check(w) })
	return err
}

// Rungs returns the ladder of a view that a sink wishes, with the zero Rung. Errors are those of CheckView.
func (h *Handle) Rungs(w views.Wish) (rungs []ladder.Rung, err error) {
	err = ErrClosed
	h.room.call(func() { rungs, err = h.room.loop.rungs(w) })
	return rungs, err
}

// SetView changes what a sink sees, at an IDR of the other view. When the change is refused it keeps what it sees.
// Errors wrap views.ErrInvalid, views.ErrLimit, ErrTooOften, ErrNotFound for a participant or a sink, and ErrClosed.
func (h *Handle) SetView(sink media.Sink, w views.Wish) error {
	err := ErrClosed
	h.room.call(func() { err = outlets{h.room.loop}.change(sink, w) })
	return err
}

// Tap gives what participants send to a tap until untap is called or the room ends. Every
// camera that is on is asked for an IDR. ErrClosed says that the room has ended.
func (h *Handle) Tap(t media.Tap) (untap func(), err error) {
	l := h.room.loop
	if !h.room.call(func() { l.tap(t) }) {
		return nil, ErrClosed
	}
	return func() { h.room.post(func() { l.untap(t) }) }, nil
}

// AskKeyFrames asks every camera that is on for an IDR, for a tap where no sender may send a picture soon.
func (h *Handle) AskKeyFrames() {
	h.room.post(func() { h.room.loop.askKeyFrames(time.Now()) })
}

// NotifyBroadcast tells all participants, also those who come later, whether the room is broadcast.
func (h *Handle) NotifyBroadcast(on bool) {
	h.room.post(func() { h.room.loop.notify.setBroadcast(on) })
}

// NotifyRecordings tells all participants, also those who come later, which recordings of the room there are.
func (h *Handle) NotifyRecordings(all []control.Recording) {
	h.room.post(func() { h.room.loop.notify.setRecordings(all) })
}

// Overlays returns what the room's pictures show besides tiles.
func (h *Handle) Overlays() (sets overlay.Sets) {
	h.room.call(func() { sets = h.room.loop.overlays.sets })
	return sets
}

// SetOverlays changes what those show, in the name of an actor with a grant. Errors are those of Act, and overlay.ErrBad.
func (h *Handle) SetOverlays(grant policy.Grant, set *overlay.Set) error {
	err := ErrClosed
	h.room.call(func() {
		if err = grant.May("overlays"); err == nil {
			err = h.room.loop.overlays.show(set)
		}
		h.room.loop.decided(actor{grant: grant}, set.Overlays, err)
	})
	return err
}

// Attendee is a participant or viewer as hosts and programs see it.
type Attendee struct {
	ID          string      `json:"id"` // public
	Identity    string      `json:"identity,omitempty"`
	Name        string      `json:"name"`
	Title       string      `json:"title,omitempty"`
	Role        policy.Role `json:"role"`
	Joined      time.Time   `json:"joined"`
	AudioMuted  bool        `json:"audioMuted"` // the microphone is off
	VideoMuted  bool        `json:"videoMuted"` // the camera is off
	AudioLocked bool        `json:"audioLocked"`
	VideoLocked bool        `json:"videoLocked"`
	Speaking    bool        `json:"speaking"`
	Hand        int         `json:"hand,omitempty"` // place among the raised hands, from 1
	Spotlight   bool        `json:"spotlight"`
	Screen      bool        `json:"screen"` // it shares a screen
	View        string      `json:"view"`   // that it has, as views.Parse reads it: a name or JSON
	ViewLocked  bool        `json:"viewLocked"`
}

// Attendees returns those in the room whose connection has stood and whom a selector means, in
// order of joining: "" or "all", "role:ROLE", or "hand", these in order of raising. Errors are
// control.ErrInvalid for another selector, and ErrClosed.
func (h *Handle) Attendees(selector string) (all []Attendee, err error) {
	is, err := selected(selector)
	if err != nil {
		return nil, err
	}
	all = []Attendee{}
	if !h.room.call(func() {
		for _, m := range h.room.loop.members {
			if a := attendeeOf(m); m.seated && is(a) {
				all = append(all, a)
			}
		}
	}) {
		return nil, ErrClosed
	}
	if selector == "hand" {
		slices.SortFunc(all, func(a, b Attendee) int { return a.Hand - b.Hand })
	}
	return all, nil
}

// selected returns which attendees a selector means.
func selected(selector string) (func(Attendee) bool, error) {
	switch kind, name, _ := strings.Cut(selector, ":"); kind {
	case "", "all":
		return func(Attendee) bool { return true }, nil
	case "hand":
		return func(a Attendee) bool { return a.Hand > 0 }, nil
	case "role":
		role, err := policy.ParseRole(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", control.ErrInvalid, err)
		}
		return func(a Attendee) bool { return a.Role == role }, nil
	}
	return nil, fmt.Errorf("%w: select is one of all, role:ROLE and hand, not %.40q", control.ErrInvalid, selector)
}

// attendeeOf returns a member as hosts see it.
func attendeeOf(m *member) Attendee {
	id := m.session.PublicID()
	return Attendee{
		ID: id, Identity: m.grant.Identity, Name: m.name, Title: m.title, Role: m.grant.Role, Joined: m.joined,
		AudioMuted: m.mute() || m.microphone == nil, VideoMuted: m.hidden() || m.camera == nil,
		AudioLocked: m.silenced, VideoLocked: m.blinded,
		Speaking: slices.Contains(m.loop.stage.speaking, id),
		Hand:     m.loop.moderator.hand(id), Spotlight: m.loop.moderator.spots.has(id),
		Screen: m.share.turn > 0 && m.share.shown(),
		View:   m.look.has.String(), ViewLocked: m.look.held,
	}
}

// Stats returns what is known of the media of all in the room, or, with its history, of the one of a
// public ID. Errors are ErrClosed, and ErrNotFound for an ID that is not in the room.
func (h *Handle) Stats(id string) (all []quality.Account, err error) {
	if !h.room.call(func() {
		for _, m := range h.room.loop.members {
			if of := m.session.PublicID(); m.seated && (id == "" || id == of) {
				r := m.observed.Account(id != "")
				r.ID, r.Name, r.Viewer = of, m.name, m.session.Viewer
				all = append(all, r)
			}
		}
	}) {
		return nil, ErrClosed
	}
	if id != "" && len(all) == 0 {
		return nil, fmt.Errorf("participant %.40q: %w", id, ErrNotFound)
	}
	return all, nil
}

// Cost returns the time of cores that the room's clocks have taken since the room began.
func (h *Handle) Cost() stats.Cost {
	composing, encoding := h.room.pictures.Spent()
	return stats.CostOf(composing, encoding, h.room.sounds.Spent())
}

// meant returns those that a command is about.
func (o *moderator) meant(c control.Set) ([]*member, error) {
	if c.ID != "" {
		m, err := o.find(c.ID)
		return []*member{m}, err
	}
	is, err := selected(c.Select)
	if err != nil {
		return nil, err
	}
	var all []*member
	for _, m := range o.loop.members {
		if m.seated && is(attendeeOf(m)) && !slices.Contains(c.Except, m.session.PublicID()) {
			all = append(all, m)
		}
	}
	return all, nil
}

const (
	// A participant reacts reactRate (3) times a second, all of a room together roomReactRate (30).
	reactRate, roomReactRate = 3, 30
	// spokeEnough (5 s) is after how much speech a raised hand is lowered.
	spokeEnough = 5 * time.Second
)

var errEager = errors.New("that were too many reactions: send yours again in a second")

// gesture is what a member shows of itself on its tile. It belongs to the loop.
type gesture struct {
	pace    *rate.Limiter
	picture string // of its last reaction
	word    string
	at      time.Time

	spoken time.Duration // since its hand is up
	since  time.Time     // it speaks; zero: it does not
	enough *time.Timer   // lowers its hand; nil: nothing does
}

// react shows a reaction on the member's tile.
func (g *gesture) react(m *member, c control.React) error {
	l := m.loop
	if g.pace == nil {
		g.pace = rate.NewLimiter(reactRate, reactRate)
	}
	if err := l.spare(m, g.pace, errEager); err != nil {
		return err
	}
	if !l.overlays.reactions.Allow() {
		return errEager
	}
	g.word, g.picture, g.at = c.Reaction, control.Reactions()[c.Reaction], time.Now()
	l.room.env.Fonts.Prepare(g.picture)
	l.notify.all(control.Reaction{ID: m.session.PublicID(), Reaction: c.Reaction})
	l.publish()
	l.room.chain.Wake()
	return nil
}

// listen counts how long a member with a raised hand speaks, and lowers the hand after enough.
func (g *gesture) listen(m *member, speaks, up bool, now time.Time) {
	if g.enough != nil && (!speaks || !up) {
		g.enough.Stop()
		g.enough, g.spoken = nil, g.spoken+now.Sub(g.since)
	}
	if !up {
		g.spoken = 0
	}
	if g.enough != nil || !speaks || !up {
		return
	}
	g.since = now
	l := m.loop
	g.enough = time.AfterFunc(max(spokeEnough-g.spoken, 0), func() {
		l.room.post(func() {
			if l.has(m) && g.enough != nil {
				l.moderator.raise(m, false)
				l.publish()
			}
		})
	})
}
