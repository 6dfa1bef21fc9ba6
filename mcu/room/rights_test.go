package room

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"tilemix/mcu/control"
	"tilemix/mcu/policy"
)

// condition is all of a room that actions change: of each attendee, and of the room.
func (c *call) condition() map[string]string {
	c.t.Helper()
	all, err := c.Handle().Attendees("")
	if err != nil {
		c.t.Fatal(err)
	}
	state := map[string]string{}
	for _, a := range all {
		a.Hand = min(a.Hand, 1) // its place changes with those before it
		state[a.ID] = fmt.Sprintf("%+v", a)
	}
	c.call(func() { state["room"] = fmt.Sprint(c.loop.moderator.locked, c.loop.stage.layout) })
	return state
}

// anything is some action on some participant.
func anything(r *rand.Rand, ids []string) control.Message {
	id, on := ids[r.IntN(len(ids))], r.IntN(2) == 0
	yes, role, name := true, []string{"host", "viewer", "participant"}[r.IntN(3)], fmt.Sprint("Name ", r.IntN(9))
	return []control.Message{
		control.Mute{AudioMuted: on, VideoMuted: r.IntN(2) == 0},
		control.Hand{Raised: on},
		control.ChooseLayout{Name: []string{"grid", "speaker"}[r.IntN(2)]},
		control.SendChat{Text: name},
		control.Set{ID: id, Audio: &control.SetMedia{Muted: &yes}},
		control.Set{ID: id, Video: &control.SetMedia{Locked: &on}},
		control.Set{ID: id, Name: &name},
		control.Set{ID: id, Spotlight: &on},
		control.Set{Select: "all", Hand: &on},
		control.Set{ID: id, Role: &role},
		control.Ask{ID: id, Audio: true},
		control.Lock{Locked: on},
		control.Announce{Text: name},
		control.Kick{ID: id},
		control.Move{ID: id, Room: "other"},
		control.End{},
		control.Admit{All: true},
		control.Reject{All: true},
		control.Back{ID: id},
		control.Rename{Name: name},
		control.KeepChat{Kept: on},
	}[r.IntN(21)]
}

// TestRandomActions has a host, a participant and a viewer do 1,000 things. What an action may not do
// changes nothing, and what is one's own changes nothing of others.
func TestRandomActions(t *testing.T) {
	in(t, 25, func(c *call) {
		c.loop.room.env.Beyond = func(string, control.Message) error { return nil }
		actors := []*guest{c.host(), c.join("Ben", false), c.join("Eye", true), c.join("Cid", false)}
		ids := make([]string, len(actors))
		for i, g := range actors {
			w, _ := last[control.Welcome](g)
			ids[i] = w.ID
		}
		r := rand.New(rand.NewPCG(7, 13))
		forbidden, own, before := 0, 0, c.condition()
		for n := range 1000 {
			i := r.IntN(3)
			action, g := anything(r, ids), actors[i]
			var may error
			c.call(func() { m := g.now(); may = m.grant.May(action.Type()) })
			switch s := action.(type) {
			case control.Kick, control.End: // hosts end what the test looks at
				if may == nil {
					continue
				}
			case control.Set:
				if s.Role != nil && may == nil && s.ID == ids[0] {
					continue // the host stays
				}
			}
			_, errors := last[control.Error](g)
			g.Handle(action)
			c.call(func() {})
			synctest.Wait()
			after := c.condition()
			e, now := last[control.Error](g)
			if may != nil {
				if forbidden++; now != errors+1 || e.Code != "forbidden" {
					t.Fatalf("%d: %T by %s is answered %+v", n, action, g.session.Name, e)
				}
			}
			mine := policy.Participant.Rights().May(action.Type()) == nil
			if mine {
				own++
			}
			for id, was := range before {
				others := id != ids[i] && (id != "room" || action.Type() != "layout")
				if after[id] != was && (may != nil || mine && others) {
					t.Fatalf("%d: %T by %s makes %s of %s", n, action, g.session.Name, after[id], was)
				}
			}
			if len(after) != len(before) {
				t.Fatalf("%d: %T by %s: %d are there, and were %d", n, action, g.session.Name, len(after), len(before))
			}
			before = after
		}
		if forbidden < 100 || own < 100 {
			t.Errorf("%d actions were forbidden, %d one's own", forbidden, own)
		}
		t.Logf("%d actions were forbidden, %d one's own", forbidden, own)
	})
}
