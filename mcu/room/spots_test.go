package room

import (
	"image"
	"slices"
	"sync"
	"testing"

	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
)

// tilesOf returns the participants with tiles in a room's view, the one at the top left first and then
// by rows, and the rectangles of those that are named.
func tilesOf(s *scene.Scene) (ids []string, rects map[string]image.Rectangle) {
	rects = map[string]image.Rectangle{}
	for i, src := range s.Sources {
		if r := s.Views[0].Places[i].Rect; !r.Empty() {
			ids, rects[src.ID.Participant] = append(ids, src.ID.Participant), r
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if d := rects[a].Min.Y - rects[b].Min.Y; d != 0 {
			return d
		}
		return rects[a].Min.X - rects[b].Min.X
	})
	return ids, rects
}

// TestSpotlights has a host put several participants in front, who joined too late for a tile: they have
// the first tiles in the order in which the host chose them, and large ones in the layout speaker.
func TestSpotlights(t *testing.T) {
	in(t, 4, func(c *call) {
		host := c.host()
		var ids []string
		for _, name := range []string{"A", "B", "C", "D", "E", "F"} {
			ids = append(ids, c.join(name, false).session.PublicID())
		}
		spot := func(id string, on bool) {
			host.Handle(control.Set{ID: id, Spotlight: &on})
			c.settle()
		}
		spot(ids[5], true)
		spot(ids[4], true)
		spot(ids[5], true) // it is in front already
		if got, _ := tilesOf(c.Scene()); len(got) != 4 || !slices.Equal(got[:2], []string{ids[5], ids[4]}) {
			t.Errorf("the grid has %v, want first %v and %v", got, ids[5], ids[4])
		}
		host.Handle(control.ChooseLayout{Name: "speaker"})
		c.settle()
		got, rects := tilesOf(c.Scene())
		for _, id := range got {
			if front := id == ids[5] || id == ids[4]; front != (rects[id].Dx() > 200) {
				t.Errorf("%s has %v, in front: %v", id, rects[id], front)
			}
		}
		if p := person(t, host, "F"); !p.Spotlight || person(t, host, "A").Spotlight {
			t.Errorf("F is %+v", p)
		}
		spot(ids[5], false)
		got, rects = tilesOf(c.Scene())
		if got[0] != ids[4] || rects[ids[4]].Dx() < 300 {
			t.Errorf("with one in front the picture is %v", rects)
		}
		spot(ids[4], false)
		c.call(func() { c.loop.moderator.spots = slices.Repeat([]string{"gone"}, maxSpots) })
		spot(ids[0], true)
		c.call(func() {
			if spots := c.loop.moderator.spots; len(spots) != maxSpots || spots[maxSpots-1] != ids[0] {
				t.Errorf("in front are %v", spots)
			}
		})
	})
}

// TestInterpreter has an interpreter, who joined last and is silent, keep a tile while all others speak
// in turn.
func TestInterpreter(t *testing.T) {
	in(t, 3, func(c *call) {
		var ids []string
		for _, name := range []string{"A", "B", "C", "D", "E"} {
			ids = append(ids, c.join(name, false).session.PublicID())
		}
		signs := c.joinWith("Signs", false, policy.Grant{Role: policy.Interpreter}).session.PublicID()
		for range 3 {
			for _, id := range ids {
				c.call(func() {
					c.loop.stage.speaking, c.loop.stage.holder = []string{id}, id
					c.loop.publish()
				})
				if got, _ := tilesOf(c.Scene()); !slices.Contains(got, signs) || !slices.Contains(got, id) {
					t.Errorf("while %s speaks the tiles are %v, without the interpreter %s", id, got, signs)
				}
			}
		}
	})
}

// TestCamerasFirst has four share two tiles: a camera that begins takes the tile of one that is silent and has
// none, and the tile is given away when the camera is switched off. Below the most tiles nothing changes.
func TestCamerasFirst(t *testing.T) {
	in(t, 2, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		has := func(when string, want ...*guest) {
			t.Helper()
			got, _ := tilesOf(c.Scene())
			for _, g := range want {
				if len(got) != len(want) || !slices.Contains(got, g.session.PublicID()) {
					t.Errorf("%s: %s has no tile: %v", when, g.member.name, got)
				}
			}
		}
		b, one := c.plays(ben.PlayVideo)
		before, _ := tilesOf(c.Scene())
		if ids := []string{ada.session.PublicID(), ben.session.PublicID()}; !slices.Equal(before, ids) {
			t.Errorf("two of two have the tiles %v, want %v", before, ids)
		}
		cid, dan := c.join("Cid", false), c.join("Dan", false)
		has("two cameras fewer than tiles", ada, ben)
		d, two := c.plays(dan.PlayVideo)
		has("the camera of Dan began", dan, ben)
		if n := c.Scene().Views[0].Places; max(n[0].Hidden, n[1].Hidden, n[3].Hidden) != 2 {
			t.Errorf("Ada and Cid are not counted: %+v", n)
		}
		dan.Handle(control.Mute{VideoMuted: true})
		c.settle()
		has("the camera of Dan is off, and nobody waits with one", dan, ben)
		e, three := c.plays(cid.PlayVideo)
		has("the camera of Cid began", cid, ben)
		for _, s := range []stream{b, d, e} {
			close(s)
		}
		for _, played := range []*sync.WaitGroup{one, two, three} {
			played.Wait()
		}
	})
}
