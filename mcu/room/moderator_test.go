package room

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/policy"
)

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// host has a host join.
func (c *call) host() *guest { return c.joinWith("Host", false, policy.Grant{Role: policy.Host}) }

// person is what others are told of a guest.
func person(t *testing.T, told *guest, name string) control.Person {
	t.Helper()
	p, _ := last[control.Participants](told)
	for _, one := range p.Participants {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("%s is not in the list: %+v", name, p)
	return control.Person{}
}

// TestHush has a host switch a participant off and hold it: the participant cannot switch itself
// on before the host frees it, and the host cannot switch it on at all.
func TestHush(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben := c.host(), c.join("Ben", false)
		id := person(t, host, "Ben").ID
		host.Handle(control.Set{ID: id, Audio: &control.SetMedia{Locked: yes()}})
		c.settle()
		if m, n := last[control.Muted](ben); n != 1 || !m.AudioMuted || !m.AudioLocked || m.VideoMuted || m.By != "Host" {
			t.Errorf("Ben is told %+v", m)
		}
		if c.Scene().Listeners[1].Muted != true {
			t.Error("the mixer takes Ben")
		}
		ben.Handle(control.Mute{})
		c.settle()
		if e, n := last[control.Error](ben); n != 1 || e.Code != "forbidden" || !c.Scene().Listeners[1].Muted {
			t.Errorf("Ben switches itself on: %+v", e)
		}
		ben.Handle(control.Mute{AudioMuted: true, VideoMuted: true}) // of what is not held
		host.Handle(control.Set{ID: id, Audio: &control.SetMedia{Locked: no()}})
		c.settle()
		if !c.Scene().Listeners[1].Muted || !person(t, host, "Ben").VideoMuted {
			t.Error("freeing switches on")
		}
		ben.Handle(control.Mute{})
		c.settle()
		if c.Scene().Listeners[1].Muted {
			t.Error("Ben stays off although it is free")
		}
	})
}

// TestModerate has a host use each command, and sees what it does.
func TestModerate(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben, cid := c.host(), c.joinWith("Ben", false, policy.Grant{Identity: "ben@x", By: "token:7"}), c.join("Cid", false)
		bens, cids := person(t, host, "Ben").ID, person(t, host, "Cid").ID
		host.Handle(control.Ask{ID: bens, Audio: true})
		host.Handle(control.Announce{Text: "five minutes"})
		cid.Handle(control.Hand{Raised: true})
		ben.Handle(control.Hand{Raised: true})
		name, role := "Benjamin", "host"
		host.Handle(control.Set{ID: bens, Name: &name, Role: &role, Spotlight: yes()})
		host.Handle(control.Lock{Locked: true})
		c.settle()
		if a, _ := last[control.Asked](ben); !a.Audio || a.By != "Host" {
			t.Errorf("Ben is asked %+v", a)
		}
		if a, _ := last[control.Announcement](cid); a.Text != "five minutes" {
			t.Errorf("all are told %+v", a)
		}
		if p := person(t, cid, "Benjamin"); p.Role != "host" || !p.Spotlight || p.Hand != 2 || person(t, cid, "Cid").Hand != 1 {
			t.Errorf("Ben is %+v", p)
		}
		if s, _ := last[control.Standing](ben); s.Role != "host" || !slices.Contains(s.Rights, "moderate") {
			t.Errorf("Ben may %+v", s)
		}
		if s, _ := last[control.RoomState](cid); !s.Locked || !c.Locked() {
			t.Error("the room is not locked")
		}
		host.Handle(control.Set{Select: "hand", Except: []string{bens}, Hand: no()})
		c.settle()
		if person(t, cid, "Cid").Hand != 0 || person(t, cid, "Benjamin").Hand != 1 {
			t.Error("hands are not lowered as asked")
		}
		host.Handle(control.Kick{ID: bens, Reason: "noise", Ban: control.Ban{Seconds: 60}})
		<-ben.Done()
		c.settle()
		if r, _ := last[control.Removed](ben); r.Code != "banned" || r.Reason != "noise" || r.Until.IsZero() {
			t.Errorf("Ben is told %+v", r)
		}
		if len(c.bans) != 1 || c.bans[0].By != "token:7" || c.bans[0].Identity != "ben@x" || c.bans[0].Address.IsValid() ||
			time.Until(c.bans[0].Until) > time.Minute {
			t.Errorf("bans are %+v", c.bans)
		}
		host.Handle(control.Kick{ID: cids, Ban: control.Ban{Not: true}})
		<-cid.Done()
		c.settle()
		if r, _ := last[control.Removed](cid); r.Code != "kicked" || len(c.bans) != 1 {
			t.Errorf("Cid is told %+v", r)
		}
		if !slices.Contains(c.events, event.ParticipantKicked) || !slices.Contains(c.events, event.RoomLocked) {
			t.Errorf("events are %v", c.events)
		}
		host.Handle(control.End{Reason: "over"})
		<-host.Done()
		c.settle()
		if r, _ := last[control.Removed](host); r.Code != "ended" {
			t.Errorf("the host is told %+v", r)
		}
		if n := len(c.decided); n != 8 {
			t.Errorf("%d decisions are told: %+v", n, c.decided)
		}
	})
}

// TestNobodyElse has those who are no hosts, and programs, try each command of hosts and what only
// members can do. Nothing changes.
func TestNobodyElse(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben, eye := c.host(), c.join("Ben", false), c.join("Eye", true)
		id := person(t, ben, "Host").ID
		commands := []control.Message{
			control.Set{ID: id, Audio: &control.SetMedia{Muted: yes()}},
			control.Ask{ID: id, Audio: true},
			control.Kick{ID: id},
			control.Move{ID: id, Room: "other"},
			control.Lock{Locked: true},
			control.End{},
			control.Announce{Text: "x"},
		}
		for _, command := range commands {
			for _, g := range []*guest{ben, eye} {
				_, before := last[control.Error](g)
				g.Handle(command)
				c.settle()
				if e, n := last[control.Error](g); n != before+1 || e.Code != "forbidden" {
					t.Errorf("%T: %+v", command, e)
				}
			}
			if err := c.Act(policy.Grant{}, command); !errors.Is(err, policy.ErrForbidden) {
				t.Errorf("a program without rights, %T: %v", command, err)
			}
		}
		if p := person(t, ben, "Host"); p.AudioMuted != true || p.Role != "host" || c.Locked() { // it has no microphone
			t.Errorf("the host is %+v", p)
		}
		operator := policy.Grant{Rights: policy.All()}
		for _, own := range []control.Message{control.Mute{}, control.Hand{Raised: true}, control.SendChat{Text: "x"}} {
			if err := c.Act(operator, own); err == nil {
				t.Errorf("a program may %T", own)
			}
		}
		for _, bad := range []control.Message{
			control.Kick{ID: "nobody"}, control.Set{Select: "some"}, control.Set{Select: "role:king"}, control.Set{ID: "nobody"},
		} {
			if err := c.Act(operator, bad); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
		if err := c.Act(operator, control.Set{Select: "all", Except: []string{id}, Audio: &control.SetMedia{Muted: yes()}}); err != nil {
			t.Error(err)
		}
		c.settle()
		if m, n := last[control.Muted](ben); n != 1 || m.By != "the server's operator" {
			t.Errorf("Ben is told %+v", m)
		}
		if _, n := last[control.Muted](host); n != 0 {
			t.Error("the exception is muted")
		}
	})
}

// TestSuccession has the first participant of an open room for a host, and then the next one.
func TestSuccession(t *testing.T) {
	in(t, 25, func(c *call) {
		first := policy.Grant{First: true}
		ada, ben := c.joinWith("Ada", false, first), c.joinWith("Ben", false, first)
		if s, _ := last[control.Standing](ada); s.Role != "host" {
			t.Errorf("Ada is %+v", s)
		}
		if person(t, ben, "Ada").Role != "host" || person(t, ada, "Ben").Role != "" {
			t.Error("the list has not the host")
		}
		ada.Leave()
		<-ada.Done()
		c.settle()
		if s, _ := last[control.Standing](ben); s.Role != "host" {
			t.Errorf("Ben is %+v", s)
		}
	})
}
