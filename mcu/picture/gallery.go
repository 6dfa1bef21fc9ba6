package picture

import (
	"time"

	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
)

// gallery is the views of a room. It belongs to the picture clock.
type gallery struct {
	env    Env
	views  []*view // of the scene, in its order; the first is always the room's own
	ending []*view // of no scene any more, until their encoders are done
	out    chan rendition.Output
	strain strain
}

// newGallery returns the gallery of a room that has only its own view.
func newGallery(env Env) (gallery, error) {
	g := gallery{env: env, out: make(chan rendition.Output, outputs), strain: newStrain()}
	room, err := newView(env, scene.View{Size: env.Size}, g.out)
	if err != nil {
		return gallery{}, err
	}
	room.inline = true
	g.views = []*view{room}
	return g, nil
}

// show has a view for each that a scene has: those that it had, and new ones.
func (g *gallery) show(s *scene.Scene) {
	if len(g.views) == 1 && len(s.Views) == 1 && s.Views[0].Key == g.views[0].key {
		return
	}
	was := g.views
	g.views = make([]*view, 0, len(s.Views))
	for i := range s.Views {
		v := find(was, s.Views[i].Key)
		if v == nil {
			var err error
			if v, err = newView(g.env, s.Views[i], g.out); err != nil {
				g.env.Log.Error("no canvas for a view", "view", s.Views[i].Key.String(), "error", err)
				v = was[0] // the room's own, which there always is
			}
		}
		g.views = append(g.views, v)
	}
	for _, v := range was {
		if find(g.views, v.key) == nil {
			g.ending = append(g.ending, v)
		}
	}
	g.end()
}

// end ends the views of no scene whose encoders are done. The clock waits for none of them.
func (g *gallery) end() {
	left := g.ending[:0]
	for _, v := range g.ending {
		if v.shut() {
			v.close()
		} else {
			left = append(left, v)
		}
	}
	clear(g.ending[len(left):])
	g.ending = left
}

// strained takes how many ticks were missed before this one. Where a view less would help, and there is one that
// could go, it asks to be rid of one from time to time.
func (g *gallery) strained(missed int, now time.Time) {
	if len(g.views) > 1 && g.strain.tick(missed, now) && g.env.Reporter.Strained() {
		g.strain.told = now
	}
}

// close ends all views and waits for their encoders.
func (g *gallery) close() {
	for i, v := range g.views {
		if find(g.views[:i], v.key) == nil {
			v.close()
		}
	}
	for _, v := range g.ending {
		v.close()
	}
	g.views, g.ending = nil, nil
}
