package room

import (
	"cmp"
	"image"

	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
)

// screenLayout is the layout of a room in which somebody shares a screen, unless it chose another
// one since.
const screenLayout = "screen"

// stage says where participants are in the room's view. It belongs to the loop.
type stage struct {
	size     image.Point
	layout   string
	layouts  func(name string) (layout.Layout, bool)
	places   *layout.Places
	speaking []string // who is heard
	holder   string   // who of them has the floor
	spot     string   // whom a host has put in front; "": the holder is

	roles map[string]string // of participants that are more than that

	screen string // public ID of the member whose screen is shown; "": none is
	turn   int    // of that screen
	aside  bool   // the room has chosen another layout since it came
}

// setLayout changes the layout, if there is one of that name. While a screen is shown, a layout of
// another name puts it aside until the next screen.
func (g *stage) setLayout(name string) bool {
	if _, ok := g.layouts(name); !ok {
		return false
	}
	if g.aside = g.screen != "" && name != screenLayout; g.screen == "" || g.aside {
		g.layout = name
	}
	return true
}

// rolesOf returns the roles that layouts may ask for, by public ID.
func rolesOf(members []scene.Member) map[string]string {
	var roles map[string]string
	for i := range members {
		if m := &members[i]; m.Role != policy.Participant {
			if roles == nil {
				roles = map[string]string{}
			}
			roles[m.ID] = m.Role.String()
		}
	}
	return roles
}

// show puts the screen of a member in front, that came in its turn; "" puts none.
func (g *stage) show(id string, turn int) {
	if g.turn != turn {
		g.aside = false
	}
	g.screen, g.turn = id, turn
}

// name is that of the layout that is drawn.
func (g *stage) name() string {
	if own, ok := g.layouts(g.layout); g.screen == "" || g.aside || ok && own.TakesScreen {
		return g.layout
	}
	return screenLayout
}

// view returns the room's view of sources, of which those are shown whose participants
// have tiles, and one screen at most.
func (g *stage) view(sources []scene.Source, hasTile func(i int) bool) scene.View {
	v := scene.View{Key: scene.ViewKey{Size: g.size}, Places: make([]scene.Place, len(sources))}
	who := []string{}
	for i := range sources {
		if sources[i].ID.Kind == layout.Camera && hasTile(i) {
			who = append(who, sources[i].ID.Participant)
		}
	}
	tiles := g.tiles(who)
	cameras := 0
	for _, t := range tiles {
		if t.Source.Kind == layout.Camera {
			cameras++
		}
	}
	for i := range sources {
		for j, t := range tiles {
			if t.Source != sources[i].ID {
				continue
			}
			v.Places[i].Rect = t.Rect
			if j == len(tiles)-1 {
				v.Places[i].Hidden = len(who) - cameras
			}
		}
	}
	return v
}

// tiles places participants, and leaves out those for whom there is no place.
func (g *stage) tiles(who []string) []layout.Tile {
	places := g.places.Arrange(who, g.speaking)
	l, ok := g.layouts(g.name())
	if !ok {
		return nil
	}
	front := cmp.Or(g.spot, g.holder)
	if l.LeadsSpeaker || g.spot != "" {
		g.places.Lead(front)
	}
	seen := make([]layout.Source, 0, len(places)+1)
	if g.screen != "" {
		seen = append(seen, layout.Source{ID: layout.SourceID{Participant: g.screen, Kind: layout.Screen}})
	}
	for _, id := range places {
		s := layout.Source{ID: layout.SourceID{Participant: id}, Speaker: id == front, Role: g.roles[id]}
		if id == g.spot {
			s.Spotlight = 1
		}
		seen = append(seen, s)
	}
	return l.Place(g.size, seen)
}
