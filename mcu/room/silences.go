package room

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/chat"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/policy"
	"tilemix/mcu/quality"
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
		up := m.presence.MediaUp()
		again = again || up
		news = s.observe(m, now) || news
		if m.session.Viewer {
			continue
		}
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

// observe takes what is known of a member's media, and says how good it is where that is news. It
// returns whether all are to be told.
func (s *silences) observe(m *member, now time.Time) (news bool) {
	if !m.seated || s.loop.room.lobby {
		return false
	}
	if f := &m.observed.Facts; f.Local == "" || f.Codec == "" && m.camera != nil || now.Unix()%factsEvery == 0 {
		m.observed.Learn(m.control.Facts(m.camera))
	}
	r := reading(m, now)
	was := m.observed.Watch.Shown()
	shown, changed := m.observed.Add(&r, now)
	s.loop.room.env.Sessions.Quality(shown)
	if !changed {
		return false
	}
	m.session.Log().Info("quality", "quality", shown.Level.String(), "cause", shown.Cause, "direction", shown.Direction)
	m.control.Send(control.QualityOf(shown))
	e := m.event(event.ParticipantQuality)
	e.Quality = &shown
	s.loop.room.env.Emit(e)
	return max(was.Level, shown.Level) >= quality.Poor
}

// factsEvery (10 s) is how often addresses and codecs are looked up.
const factsEvery = 10

// event returns an event of the participant.
func (m *member) event(kind event.Type) event.Event {
	e := event.New(kind, m.loop.room.name)
	e.Participant = &event.Participant{ID: m.session.PublicID(), Name: m.name, Viewer: m.session.Viewer}
	return e
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
	// A room takes chatRate (5) messages a second and chatBurst (20) at once, of all its
	// participants together, because each goes to all of them.
	chatRate, chatBurst = 5, 20
	// One participant sends memberChatRate (3) of them a second and memberChatBurst (10) at once, so
	// that it leaves room for the others.
	memberChatRate, memberChatBurst = 3, 10
	// A participant changes its name once in renameEvery (2 s) and renameBurst (3) times at once.
	renameEvery, renameBurst = 2 * time.Second, 3
)

var (
	errChatty    = errors.New("the room has had too many chat messages: send yours again in a second")
	errTalkative = errors.New("you have sent too many chat messages: send this one again in a second")
	errRenamed   = errors.New("you have just changed your name: try again in two seconds")
	errNoFiles   = errors.New("this server takes no files for the chat")
)

// talk passes messages on, and keeps them where hosts want that. It belongs to the loop.
type talk struct {
	loop *loop
	rate *rate.Limiter // of all members
	past chat.Past
}

func newTalk(l *loop) *talk { return &talk{loop: l, rate: rate.NewLimiter(chatRate, chatBurst)} }

// send passes a member's message on: to all, or to the sender and one other.
func (c *talk) send(m *member, said control.SendChat) error {
	l := c.loop
	if err := cmp.Or(l.spare(m, m.chats, errTalkative), l.spare(m, c.rate, errChatty)); err != nil {
		return err
	}
	out := control.Chat{ID: m.session.PublicID(), Name: m.name, Text: said.Text, Time: time.Now().UTC()}
	if said.File != "" {
		file, err := c.file(said.File)
		if err != nil {
			return err
		}
		out.File = &file
	}
	if said.To == "" {
		c.past.Add(out)
		l.notify.everybody(out)
		return nil
	}
	other, err := l.moderator.find(said.To)
	if err != nil {
		return err
	}
	if err := other.grant.May("watch"); err != nil {
		return err
	}
	out.To, out.ToName = said.To, other.name
	m.control.Send(out)
	if other != m {
		other.control.Send(out)
	}
	return nil
}

// file returns a file that was uploaded for the room.
func (c *talk) file(id string) (control.ChatFile, error) {
	if c.loop.room.env.File == nil {
		return control.ChatFile{}, errNoFiles
	}
	return c.loop.room.env.File(c.loop.room.name, id)
}

// keep says whether those who come later get the chat.
func (c *talk) keep(kept bool) {
	if c.past.Keep(kept) {
		c.loop.notify.everybody(c.loop.moderator.state())
	}
}

// show sends a member the chat of before it came.
func (c *talk) show(m *member) {
	if past := c.past.Messages(); len(past) > 0 && m.grant.May("watch") == nil {
		m.control.Send(control.History{Messages: past})
	}
}

// rename gives a member the name that it asks for, unless its grant says how it is called.
func (c *talk) rename(m *member, name string) error {
	l := c.loop
	if m.grant.Name != "" {
		return fmt.Errorf("%w: what let you in says that your name is %.64q", policy.ErrForbidden, m.grant.Name)
	}
	if err := l.spare(m, m.names, errRenamed); err != nil {
		return err
	}
	clean, err := l.room.env.CleanName(name)
	if err != nil {
		return err
	}
	m.name = clean
	l.publish()
	return nil
}
