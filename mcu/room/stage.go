package room

import (
	"cmp"
	"image"

	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
)

// stage says where participants are in the room's view. It belongs to the loop.
type stage struct {
	size     image.Point
	layout   string
	places   *layout.Places
	speaking []string // who is heard
	holder   string   // who of them has the floor
	spot     string   // whom a host has put in front; "": the holder is
}

// setLayout changes the layout, if there is one of that name.
func (g *stage) setLayout(name string) bool {
	_, ok := layout.ByName(name)
	if ok {
		g.layout = name
	}
	return ok
}

// view returns the room's view of sources, of which those are shown whose participants
// have tiles.
func (g *stage) view(sources []scene.Source, hasTile func(i int) bool) scene.View {
	v := scene.View{Key: scene.ViewKey{Size: g.size}, Places: make([]scene.Place, len(sources))}
	who := []string{}
	for i := range sources {
		if hasTile(i) {
			who = append(who, sources[i].ID.Participant)
		}
	}
	tiles := g.tiles(who)
	for i := range sources {
		for j, t := range tiles {
			if t.Source != sources[i].ID {
				continue
			}
			v.Places[i].Rect = t.Rect
			if j == len(tiles)-1 {
				v.Places[i].Hidden = len(who) - len(tiles)
			}
		}
	}
	return v
}

// tiles places participants, and leaves out those for whom there is no place.
func (g *stage) tiles(who []string) []layout.Tile {
	places := g.places.Arrange(who, g.speaking)
	l, ok := layout.ByName(g.layout)
	if !ok {
		return nil
	}
	front := cmp.Or(g.spot, g.holder)
	if l.LeadsSpeaker || g.spot != "" {
		g.places.Lead(front)
	}
	seen := make([]layout.Source, len(places))
	for i, id := range places {
		seen[i] = layout.Source{ID: layout.SourceID{Participant: id}, Speaker: id == front}
	}
	return l.Place(g.size, seen)
}
