package room

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/mcu/seats"
)

// banTime (a day) is how long a kicked participant is banned where the host does not say it.
const banTime = 24 * time.Hour

// actor is what does something in a room: a member, or a program that has a grant.
type actor struct {
	grant  policy.Grant
	member *member // nil: a program
}

// name is what others are told of the actor.
func (a actor) name() string {
	if a.member != nil {
		return a.member.name
	}
	return cmp.Or(a.grant.Name, a.grant.Identity, "the server's operator")
}

// moderator carries out what hosts ask. It belongs to the loop.
type moderator struct {
	loop   *loop
	locked bool
	leaves rules.HostLeaves // what happens when the last host leaves
	spots  spots            // who is in front; none: the speaker is
	hands  []string         // public IDs of those with a raised hand, in order
	kept   seats.Order      // for after a crash
}

// act does what a host's command says, or returns why not. The actor may do it.
func (o *moderator) act(by actor, command control.Message) error {
	switch c := command.(type) {
	case control.Set:
		return o.set(by, c)
	case control.Ask:
		m, err := o.find(c.ID)
		if err != nil {
			return err
		}
		m.control.Send(control.Asked{By: by.name(), Audio: c.Audio, Video: c.Video})
	case control.Kick:
		return o.kick(by, c)
	case control.Lock:
		o.lock(c.Locked)
	case control.End:
		o.end(c.Reason)
	case control.KeepChat:
		o.loop.talk.keep(c.Kept)
	case control.Announce:
		o.loop.notify.everybody(control.Announcement{By: by.name(), Text: c.Text})
	case control.Overlays:
		set, err := overlay.Compile(c, o.loop.overlays.sets.Pictures())
		if err != nil {
			return err
		}
		return o.loop.overlays.show(set)
	case control.LowerThird:
		return o.loop.overlays.introduce(c.ID)
	default:
		return fmt.Errorf("a message of type %s cannot be sent here", command.Type())
	}
	return nil
}

// find returns the seated member of a public ID.
func (o *moderator) find(id string) (*member, error) {
	m := o.loop.find(func(m *member) bool { return m.seated && m.session.PublicID() == id })
	if m == nil {
		return nil, fmt.Errorf("participant %.40q: %w", id, ErrNotFound)
	}
	return m, nil
}

// set changes what members are like. It changes all of them or none.
func (o *moderator) set(by actor, c control.Set) error {
	all, err := o.meant(c)
	if err != nil {
		return err
	}
	var role policy.Role
	if c.Role != nil {
		if role, err = policy.ParseRole(*c.Role); err != nil || role == policy.Recorder {
			return fmt.Errorf("%w: role is one of host, participant, interpreter and viewer", control.ErrInvalid)
		}
	}
	name, title, err := cleaned(&o.loop.room.env, c)
	if err != nil {
		return err
	}
	if c.View != nil {
		if err := o.loop.sights.check(*c.View); err != nil {
			return err
		}
	}
	o.loop.sights.note(c)
	for _, m := range all {
		o.loop.sights.impose(m, c)
		if c.Role != nil && !m.session.Viewer {
			o.appoint(m, role)
		}
		if c.Name != nil {
			m.name = name
		}
		if c.Title != nil {
			m.title = title
		}
		o.hush(by, m, c)
		if c.Hand != nil {
			o.raise(m, *c.Hand)
		}
		if c.Spotlight != nil {
			o.spots = o.spots.with(m.session.PublicID(), *c.Spotlight)
		}
	}
	o.loop.publish()
	return nil
}

// hush switches a member's devices off, and holds or frees them.
func (o *moderator) hush(by actor, m *member, c control.Set) {
	change := func(media *control.SetMedia, off, held *bool) {
		if media == nil {
			return
		}
		*off = *off || media.Muted != nil
		if media.Locked != nil {
			*held = *media.Locked
			*off = *off || *held
		}
	}
	change(c.Audio, &m.muted, &m.silenced)
	change(c.Video, &m.cameraOff, &m.blinded)
	if c.Audio != nil || c.Video != nil {
		m.hushed = by.name()
		m.control.Send(*o.hushed(m))
	}
}

// hushed is what a member is told of what a host did to its devices; nil: nothing.
func (o *moderator) hushed(m *member) *control.Muted {
	if m.hushed == "" {
		return nil
	}
	return &control.Muted{By: m.hushed, AudioMuted: m.muted, VideoMuted: m.cameraOff, AudioLocked: m.silenced, VideoLocked: m.blinded}
}

// own does what a member says of its own devices.
func (o *moderator) own(m *member, c control.Mute) error {
	if m.silenced && !c.AudioMuted || m.blinded && !c.VideoMuted {
		m.control.Send(control.Muted{AudioMuted: m.muted, VideoMuted: m.cameraOff, AudioLocked: m.silenced, VideoLocked: m.blinded})
		return fmt.Errorf("%w: a host holds your microphone or camera off", policy.ErrForbidden)
	}
	if on := m.muted && !c.AudioMuted || m.cameraOff && !c.VideoMuted; on && !m.silenced && !m.blinded {
		m.hushed = ""
	}
	m.muted, m.cameraOff = c.AudioMuted, c.VideoMuted
	o.loop.publish()
	return nil
}

// appoint gives a member a role.
func (o *moderator) appoint(m *member, role policy.Role) {
	m.grant.Role, m.grant.Rights = role, 0
	m.control.Send(m.standing())
	o.loop.lookout.show(m)
	m.emit(event.ParticipantRole)
}

// succeed does what is to happen when the last host has left. A room that had its first participant for
// host finds another one.
func (o *moderator) succeed() {
	var next *member
	for _, m := range o.loop.members {
		if !m.seated || m.session.Viewer {
			continue
		}
		if m.grant.Role == policy.Host {
			return
		}
		if next == nil && (m.grant.First || o.leaves == rules.Pass) {
			next = m
		}
	}
	switch r := o.loop.room; {
	case o.leaves == rules.Lock:
		o.lock(true)
	case o.leaves == rules.End: // not while a member is being removed
		o.loop.leaving.Go(func() { r.post(func() { o.end("the host has left") }) })
	case next != nil:
		o.appoint(next, policy.Host)
	}
}

// raise raises or lowers a member's hand.
func (o *moderator) raise(m *member, up bool) {
	id := m.session.PublicID()
	at := slices.Index(o.hands, id)
	defer func() { m.gesture.listen(m, slices.Contains(o.loop.stage.speaking, id), up, time.Now()) }()
	switch {
	case up && at < 0:
		o.hands = append(o.hands, id)
		m.emit(event.HandRaised)
	case !up && at >= 0:
		o.hands = slices.Delete(o.hands, at, at+1)
		m.emit(event.HandLowered)
	}
}

// hand returns a member's place among the raised hands, from 1; 0: its hand is down.
func (o *moderator) hand(id string) int { return slices.Index(o.hands, id) + 1 }

// forget drops what was kept of a member that leaves.
func (o *moderator) forget(m *member) {
	o.spots = o.spots.with(m.session.PublicID(), false)
	o.hands = slices.DeleteFunc(o.hands, func(id string) bool { return id == m.session.PublicID() })
	if m.grant.Role == policy.Host {
		o.succeed()
	}
}

// kick removes a member, and bans it unless the command says otherwise.
func (o *moderator) kick(by actor, c control.Kick) error {
	m, err := o.find(c.ID)
	if err != nil {
		return err
	}
	if m == by.member {
		return fmt.Errorf("%w: a host leaves and does not kick itself", control.ErrInvalid)
	}
	gone := control.Removed{Code: "kicked", Reason: c.Reason}
	if !c.Ban.Not {
		ban := policy.Ban{
			Identity: m.grant.Identity, By: m.grant.By, Name: m.name, Reason: c.Reason,
			Until: time.Now().UTC().Add(cmp.Or(time.Duration(c.Ban.Seconds)*time.Second, banTime)),
		}
		if c.Ban.Address {
			ban.Address = m.from
		}
		o.loop.room.env.Ban(o.loop.room.name, ban)
		gone.Code, gone.Until = "banned", ban.Until
	}
	m.emit(event.ParticipantKicked)
	m.control.Send(gone)
	o.loop.remove(m.because(gone.Code))
	return nil
}

// lock says whether the room takes nobody but hosts.
func (o *moderator) lock(locked bool) {
	if o.locked == locked {
		return
	}
	o.locked = locked
	o.loop.room.locked.Store(locked)
	kind := event.RoomLocked
	if !locked {
		kind = event.RoomUnlocked
	}
	o.loop.room.env.Emit(event.New(kind, o.loop.room.name))
	o.loop.notify.everybody(o.state())
}

// restore makes the room what it was in a server that crashed. locked says that its rules lock it.
func (o *moderator) restore(was seats.Order, locked bool) {
	o.loop.stage.setLayout(was.Layout)
	if was.Spot != "" {
		o.spots = strings.Split(was.Spot, ",")
	}
	o.lock(o.locked || was.Locked || locked)
}

// state is what all know of the room.
func (o *moderator) state() control.RoomState {
	return control.RoomState{Locked: o.locked, Waiting: o.loop.lookout.total, History: o.loop.talk.past.Kept}
}

// end ends the call for all.
func (o *moderator) end(reason string) {
	o.loop.room.over.Store(true)
	for _, m := range slices.Clone(o.loop.members) {
		m.control.Send(control.Removed{Code: "ended", Reason: reason})
		o.loop.remove(m.because("a host ended the call"))
	}
}
