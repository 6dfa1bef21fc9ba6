package room

import (
	"cmp"
	"errors"
	"image"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/presence"
	"tilemix/mcu/quality"
	"tilemix/mcu/scene"
	"tilemix/mcu/seats"
	"tilemix/mcu/session"
	"tilemix/mcu/uplink"
	"tilemix/mcu/views"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

const (
	// limitSound (64 kbit/s) is added for the sound, because the limit of a bitrate is for
	// picture and sound.
	limitSound = 64_000
	// limitLeast (64 kbit/s) goes to a sender that is to send nothing. Packets have to
	// come, since they are what repeats and lifts the limit.
	limitLeast = 64_000
	// vanished (2 s) is after how long without media a client of the same name and address has
	// vanished, if it posts again. It is longer than the pauses of muted and still senders.
	vanished = 2 * time.Second
)

// member is what the loop keeps of a participant. It belongs to the loop, but for
// session and feedback.
type member struct {
	loop        *loop
	participant *Participant
	session     *session.Session
	control     *session.Control
	feedback    media.Signals
	place       Place      // of its server; nil: there is none
	path        media.Path // stands in for the path to it; nil: its stream is the path

	name       string // the session's, unless a host gave it another
	title      string // as a host gave it
	gesture    gesture
	grant      policy.Grant
	from       netip.Prefix // address of its client; zero: it is not counted
	joined     time.Time    // when it took its seat, UTC
	hushed     string       // the host that switched its devices off; "": they are on again, or none did
	silenced   bool         // a host holds its microphone off
	blinded    bool         // and its camera
	presence   presence.Presence
	seated     bool // its connection has stood, and the others know of it
	muted      bool
	cameraOff  bool
	camera     *session.Cam
	microphone *session.Mic
	share      share // its screen
	look       outlook

	placed          bool // it has a place in a picture, whether or not anybody looks
	constraints     uplink.Constraints
	requested       uplink.Requested
	rung            *ladder.Rung  // that it has; nil: none yet
	thrift          atomic.Int64  // most that its client wants to receive, bits a second; 0: any
	health          video.Status  // of its camera
	since           time.Time     // it waits, in a lobby
	why             string        // it leaves, for the log
	position        int           // in the lobby's queue, as its client knows; 0: it does not
	caught          bool          // it was sent the room as it was when it came
	chats           *rate.Limiter // of its own messages
	names           *rate.Limiter // of its own names
	kept            seats.Seat    // for after a crash
	observed        *quality.Observer
	unseen, unheard quiet // its camera and microphone, if nothing comes of them
}

func newMember(l *loop, o Options, now time.Time) *member {
	m := &member{loop: l, path: o.Path, place: o.Place, grant: o.Grant, name: o.Name, from: o.From, presence: presence.Join(o.Resumable, now)}
	m.chats = rate.NewLimiter(memberChatRate, memberChatBurst)
	m.names = rate.NewLimiter(rate.Every(renameEvery), renameBurst)
	m.look.wish, _ = views.Parse(o.Grant.View) // what gave the grant has checked it
	m.look.changes = rate.NewLimiter(rate.Every(viewEvery), viewBurst)
	m.share.member, m.observed = m, quality.NewObserver()
	if o.Injected {
		m.presence = presence.Inject()
	}
	if o.Viewer && !m.grant.Role.Receives() {
		m.grant.Role, m.grant.Rights = policy.Viewer, 0
	}
	return m
}

// mute tells whether the member is not to be heard.
func (m *member) mute() bool { return m.muted || m.grant.May("publish.audio") != nil }

// hidden tells whether the member's camera is not to be seen.
func (m *member) hidden() bool { return m.cameraOff || m.grant.May("publish.video") != nil }

// shown tells whether the member has a tile: viewers have none, nor do those who may send nothing.
func (m *member) shown() bool {
	return !m.session.Viewer && (m.grant.May("publish.audio") == nil || m.grant.May("publish.video") == nil)
}

// standing is what the member may do.
func (m *member) standing() control.Standing {
	rights := m.grant.Rights
	if rights == 0 {
		rights = m.grant.Role.Rights()
	}
	return control.Standing{Role: m.grant.Role.String(), Rights: rights.Names()}
}

// gone tells whether the client seems to have vanished: its media connection is lost, or it sent and
// has stopped.
func (m *member) gone(now time.Time) bool {
	return m.presence.MediaLost() || m.session.Silent(now) > vanished
}

// receives tells whether the member receives a picture.
func (m *member) receives() bool { return m.presence.MediaUp() && m.session.Picture() != nil }

// scene returns the member as the scene has it.
func (m *member) scene(speaking, floor bool) scene.Member {
	return scene.Member{
		ID: m.session.PublicID(), Name: m.name, Viewer: !m.shown(),
		Role: m.grant.Role, Hand: m.loop.moderator.hand(m.session.PublicID()), Spotlight: m.loop.moderator.spots.has(m.session.PublicID()),
		Muted: m.mute(), NoMicrophone: m.microphone == nil,
		CameraOff: m.hidden() || m.camera == nil,
		Screen:    m.share.turn > 0 && m.share.shown(),
		Speaking:  speaking, Floor: floor, Reaction: m.gesture.picture, ReactionWord: m.gesture.word, Reacted: m.gesture.at,
		MediaLost: m.presence.MediaLost(), ControlLost: m.presence.ControlLost(), Health: m.health,
		Unseen: m.unseen.why, Unheard: m.unheard.why, Quality: m.observed.Watch.Shown(),
	}
}

// source returns the member's camera; the member is at an index in the scene.
func (m *member) source(index int) scene.Source {
	s := scene.Source{
		ID:     layout.SourceID{Participant: m.session.PublicID(), Kind: layout.Camera},
		Member: index,
		Off:    m.hidden() || m.camera == nil,
	}
	if m.camera != nil {
		s.Camera = m.camera
	}
	return s
}

// viewer returns the member as a viewer, false if it receives no picture.
func (m *member) viewer() (scene.Viewer, bool) {
	d := m.session.Picture()
	if d == nil || !m.presence.MediaUp() {
		return scene.Viewer{}, false
	}
	path := scene.Frugal{Path: d, Most: &m.thrift}
	if m.path != nil {
		path.Path = m.path
	}
	return scene.Viewer{ID: m.session.PublicID(), Stream: d, Path: path, Signals: &m.feedback, Rung: m.session.Rung}, true
}

// listener returns the member as the sound clock sees it.
func (m *member) listener() scene.Listener {
	l := scene.Listener{ID: m.session.PublicID(), Muted: m.mute()}
	if m.microphone != nil {
		l.Microphone = m.microphone
	}
	m.share.microphone(&l)
	if d := m.session.Sound(); d != nil && m.presence.MediaUp() {
		l.Stream, l.Stereo = d, d.Stereo()
	}
	return l
}

// depart takes away what the member sends, and returns what clocks are to let go of, see
// scene.Departed.
func (m *member) depart(parted func()) scene.Departed {
	d := scene.Departed{ID: m.session.PublicID(), Left: true, Parted: parted}
	m.loop.room.env.Seats.Leave(d.ID)
	if m.camera != nil {
		d.Camera = m.camera
	}
	if m.microphone != nil {
		d.Microphone = m.microphone
	}
	m.camera, m.microphone = nil, nil
	return d
}

// show tells the camera how large its tiles are, see sizes. What is asked of the sender does not depend
// on whether its camera is off, so that it can go on without asking.
func (m *member) show(tiles []image.Point, covering image.Point, watched bool, now time.Time) {
	m.placed = len(tiles) > 0
	if !watched {
		tiles, covering = nil, image.Point{}
	}
	m.constraints = uplink.For(covering, m.loop.room.env.FrameRate)
	if m.camera == nil {
		return
	}
	if m.hidden() {
		tiles = nil
	}
	show(m.camera, tiles, now)
}

// askUplink asks the sender for what was decided: by a control message, or by a limit of
// its bitrate where it has none.
func (m *member) askUplink() {
	w, asked := m.requested.Last()
	if !asked {
		return
	}
	if !m.control.Reaches() {
		m.session.LimitBitrate(int64(max(w.Bitrate, m.share.constraints.Bitrate, limitLeast) + limitSound))
		return
	}
	m.session.LimitBitrate(0)
	m.control.Send(control.Uplink{
		Width: w.Size.X, Height: w.Size.Y,
		MaxFramerate: w.FrameRate, MaxBitrate: w.Bitrate, Active: w != uplink.Constraints{},
	})
}

// notifyRendition tells a viewer which rendition it has, if it has one.
func (m *member) notifyRendition() {
	if m.rung == nil {
		return
	}
	m.control.Send(control.Rendition{
		Width: m.rung.Size.X, Height: m.rung.Size.Y,
		MaxFramerate: m.rung.FrameRate, MaxBitrate: m.rung.Bitrate, Active: *m.rung != ladder.Rung{},
	})
}

// welcome greets the client.
func (m *member) welcome() {
	m.position = 0
	r := m.loop.room
	m.control.Send(control.Welcome{
		ID: m.session.PublicID(), Name: m.name, Room: r.name, Standing: m.standing(),
		ICEServers: r.env.ICEServers(), Resume: m.session.Token(), Muted: m.loop.moderator.hushed(m),
	})
}

// refuse tells the client why something has no effect.
func (m *member) refuse(why error) {
	code := "bad_request"
	switch {
	case errors.Is(why, policy.ErrForbidden):
		code = "forbidden"
	case errors.Is(why, ErrNotFound):
		code = "not_found"
	case errors.Is(why, errViews), errors.Is(why, errStrain):
		code = "view_limit"
	case errors.Is(why, errChatty), errors.Is(why, errTalkative), errors.Is(why, errRenamed), errors.Is(why, errRestless), errors.Is(why, errWhirl):
		code = "too_many_requests"
	}
	if of := m.loop.room.env.Code; of != nil {
		code = cmp.Or(of(why), code)
	}
	m.control.Send(control.Error{Error: why.Error(), Code: code})
}

// emit tells the outside what the participant did.
func (m *member) emit(kind event.Type) {
	m.loop.room.env.Emit(m.event(kind))
}

// expired says why a member leaves whose time is over, by the state that it was in.
var expired = [...]string{
	presence.Joining: errLate.Error(),
	presence.Lost:    "its connection was lost, and its client did not come back",
	presence.Leaving: "its page was closed",
	presence.Left:    "",
}

// because takes note of why a member leaves. The first reason counts.
func (m *member) because(why string) *member {
	m.why = cmp.Or(m.why, why)
	return m
}

// introduction is what the log says of a member that comes.
func (m *member) introduction() []any {
	return append([]any{"name", m.name, "viewer", m.session.Viewer}, m.session.Origin.Log()...)
}
