package room

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/session"
	"tilemix/mcu/silence"
	"tilemix/mcu/uplink"
)

// silences finds out why nothing is seen or heard of members that send, and says so: once in the
// log and the metric, and as long as it is so to all participants. It belongs to the loop. Its
// timer runs while anybody's media is up.
type silences struct {
	loop    *loop
	timer   *time.Timer
	running bool
}

// quiet is what silences keep of a camera or a microphone of a member.
type quiet struct {
	watch silence.Watch
	of    any // the source; nil: nothing has come
	why   silence.Reason
	told  []silence.Reason
}

// begin has the timer run.
func (s *silences) begin() {
	if !s.running {
		s.running = true
		s.timer.Reset(silence.Look)
	}
}

// look looks at all members once.
func (s *silences) look(now time.Time) {
	s.running = false
	again, news := false, false
	for _, m := range s.loop.members {
		if m.session.Viewer {
			continue
		}
		up := m.presence.MediaUp()
		again = again || up
		sound, picture, lost := m.sends()
		unseen, unheard := m.unseen.why, m.unheard.why
		watched := m.constraints != (uplink.Constraints{})
		switch on := up && picture && !m.cameraOff; {
		case on && watched:
			s.camera(m, sight{m.camera, true}, lost, now)
		case on && m.placed && !m.control.Reaches():
			s.camera(m, sight{m.camera, false}, lost, now)
		default:
			m.unseen.rest()
		}
		if up && sound && !m.muted {
			s.microphone(m, lost, now)
		} else {
			m.unheard.rest()
		}
		news = news || unseen != m.unseen.why || unheard != m.unheard.why
	}
	if news {
		s.loop.publish()
	}
	if again {
		s.begin()
	}
}

// sends tells what comes from a member, or should, and why some that came is of no use.
func (m *member) sends() (sound, picture bool, lost silence.Reason) {
	if m.session.Injected {
		return m.microphone != nil, m.camera != nil, ""
	}
	return m.session.Sends()
}

// sight is a camera, and whether anybody looks at it.
type sight struct {
	of      *session.Cam
	watched bool
}

// camera looks at a camera that should be seen, or could be.
func (s *silences) camera(m *member, at sight, lost silence.Reason, now time.Time) {
	var so silence.Counts
	if m.camera != nil {
		so = m.camera.Counts()
	}
	m.unseen.is(at)
	came, long := m.unseen.watch.Expect(so, now)
	switch {
	case long && at.watched:
		s.find(m, &m.unseen, "camera", silence.OfPicture(came, lost))
	case long:
		s.find(m, &m.unseen, "camera", silence.OfUnseen(came, so.Packets > 0, lost))
	case came.Pictures > 0:
		m.unseen.why = ""
	}
}

// microphone looks at a microphone that should be heard.
func (s *silences) microphone(m *member, lost silence.Reason, now time.Time) {
	var so silence.Counts
	if m.microphone != nil {
		so = m.microphone.Counts()
		m.unheard.is(m.microphone)
	}
	came, long := m.unheard.watch.Expect(so, now)
	switch {
	case long:
		s.find(m, &m.unheard, "microphone", silence.OfSound(came, m.microphone != nil, lost))
	case came.Units > 0:
		m.unheard.why = ""
	}
}

// find takes what was found of a member's camera or microphone.
func (s *silences) find(m *member, q *quiet, kind string, why silence.Reason) {
	q.why = why
	if why == "" || slices.Contains(q.told, why) {
		return
	}
	q.told = append(q.told, why)
	m.session.Log().Warn("nothing is seen or heard of a participant that sends", "kind", kind, "reason", string(why))
	s.loop.room.env.Sessions.Silent(kind, why)
}

// rest forgets all but what was told, because nothing is expected.
func (q *quiet) rest() {
	q.watch.Rest()
	q.why, q.of = "", nil
}

// is says which source is watched now. What came of another says nothing of it.
func (q *quiet) is(source any) {
	if q.of != nil && q.of != source {
		q.watch.Rest()
	}
	q.of = source
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
