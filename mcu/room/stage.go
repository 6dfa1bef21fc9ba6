package room

import (
	"cmp"
	"image"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
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
	spots    spots    // whom hosts have put in front; none: the holder is

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

// view returns a view of sources, of which those are shown whose participants have tiles, and one
// screen at most.
func (g *stage) view(key views.ViewKey, places *layout.Places, sources []scene.Source, hasTile func(i int) bool) scene.View {
	v := scene.View{Key: key, Size: cmp.Or(key.Size, g.size), Places: make([]scene.Place, len(sources))}
	who, filmed := g.seen(key, sources, hasTile)
	tiles := g.tiles(&v, places, who, filmed)
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
			v.Places[i].Rect, v.Places[i].Trim = t.Rect, t.Trim
			if j == len(tiles)-1 {
				v.Places[i].Hidden = len(who) - cameras
			}
		}
	}
	return v
}

// seen returns the participants that a view is to show, in order of joining, and those whose camera is on.
func (g *stage) seen(key views.ViewKey, sources []scene.Source, hasTile func(i int) bool) (who, filmed []string) {
	kept := []string{}
	for i := range sources {
		s := &sources[i]
		id, films := s.ID.Participant, s.Camera != nil && !s.Off
		if s.ID.Kind != layout.Camera || !hasTile(i) || key.Hidden.Has(id) {
			continue
		}
		who = append(who, id)
		if films {
			filmed = append(filmed, id)
		}
		if films || key.Pinned.Has(id) {
			kept = append(kept, id)
		}
	}
	if key.Without == views.Never || key.Without == views.WhenOthersHave && len(filmed) == 0 {
		return who, filmed
	}
	return kept, filmed
}

// tiles places participants in a view, of whom some are filmed, and leaves out those for whom there is no place.
func (g *stage) tiles(v *scene.View, places *layout.Places, who, filmed []string) []layout.Tile {
	l, ok := g.layouts(cmp.Or(v.Key.Layout, g.name()))
	if !ok { // it was taken away
		l = layout.Layouts()[0]
	}
	v.Ground = l.Background
	seen := make([]layout.Source, 0, len(who)+1)
	if g.screen != "" && !v.Key.Hidden.Has(g.screen) {
		seen = append(seen, layout.Source{ID: layout.SourceID{Participant: g.screen, Kind: layout.Screen}})
	}
	for _, id := range v.Key.Pinned.All() {
		if slices.Contains(who, id) {
			seen = append(seen, layout.Source{ID: layout.SourceID{Participant: id}, Role: g.roles[id], Pinned: true})
		}
	}
	large := len(seen)
	front := g.holder
	if len(g.spots) > 0 {
		front = g.spots[0]
	}
	placed := places.Arrange(slices.DeleteFunc(slices.Clone(who), v.Key.Pinned.Has), filmed, g.spots.certain(g.speaking, g.roles))
	if l.LeadsSpeaker || len(g.spots) > 0 {
		places.Lead(front)
	}
	for _, id := range g.spots.ordered(placed) {
		spot := slices.Index(g.spots, id) + 1
		seen = append(seen, layout.Source{
			ID: layout.SourceID{Participant: id}, Speaker: id == front, Role: g.roles[id], Spotlight: spot,
			Pinned: spot > 0 && len(g.spots) > 1 && l.Name == "speaker" && v.Key.Pinned == "", // all of them are large
		})
	}
	if _, plain := layout.ByName(l.Name); plain && v.Key.Pinned != "" {
		for i := range seen[:large] {
			seen[i].Pinned = true
		}
		return layout.Speaker(v.Size, seen)
	}
	return l.Place(v.Size, seen)
}

// overlays keeps what the room's picture shows besides tiles. It belongs to the loop.
type overlays struct {
	loop      *loop
	sets      overlay.Sets
	state     overlay.State // of the room's own
	reactions *rate.Limiter // of all members
}

func newOverlays(l *loop) *overlays {
	return &overlays{loop: l, state: overlay.State{Usual: l.room.env.Transition, Room: l.room.name}, reactions: rate.NewLimiter(roomReactRate, roomReactRate)}
}

// begin notes that the call begins, and takes what was decided about the room beforehand, which is read meanwhile.
func (o *overlays) begin() {
	o.loop.begun, o.state.Began = true, time.Now()
	r := o.loop.room
	if r.env.Overlays == nil {
		return
	}
	o.loop.leaving.Go(func() {
		kept := r.env.Overlays(r.name).All()
		r.post(func() {
			for _, set := range kept {
				if o.sets.Of(set.Name) == nil {
					_ = o.show(set) // what is too many was too many before
				}
			}
		})
	})
}

// show changes what is shown. Errors are overlay.ErrBad.
func (o *overlays) show(set *overlay.Set) error {
	sets, err := o.sets.With(set)
	if err != nil {
		return err
	}
	for _, text := range []string{set.Banner.Text, set.Waiting.Title, set.Waiting.Text, o.state.Room} {
		o.loop.room.env.Fonts.Prepare(text)
	}
	o.sets, o.state.Set = sets, sets.Own
	o.loop.publish()
	o.loop.room.chain.Wake()
	return nil
}

// of returns what views show that choose overlays by a name, nil for those of the room.
func (o *overlays) of(name string) *overlay.State {
	if name == "" {
		return nil
	}
	s := o.state
	s.Usual, s.Set = o.state.Transition(), o.sets.Of(name)
	return &s
}

// ends notes when the call ends, or the server, of which the picture always tells.
func (o *overlays) ends(at time.Time, server bool) {
	if server {
		o.have()
		o.state.Stops = at
	} else {
		o.state.Ends = at
	}
	o.loop.publish()
	o.loop.room.chain.Wake()
}

// have has the picture show something, if only what the server says itself.
func (o *overlays) have() {
	if o.sets.Own == nil {
		o.sets.Own = overlay.None()
		o.state.Set = o.sets.Own
	}
}

// introduce shows who the member of a public ID is.
func (o *overlays) introduce(id string) error {
	m, err := o.loop.moderator.find(id)
	if err != nil {
		return err
	}
	o.have()
	o.state.Caption = overlay.Caption{Name: m.name, Title: m.title, Since: time.Now()}
	o.loop.publish()
	o.loop.room.chain.Wake()
	return nil
}

// floor notes that another member has the floor.
func (o *overlays) floor(holder string) {
	if holder == "" || !o.sets.Introduce() {
		return
	}
	if m := o.loop.find(func(m *member) bool { return m.session.PublicID() == holder }); m != nil {
		o.state.Caption = overlay.Caption{Name: m.name, Title: m.title, Since: time.Now(), Spoke: true}
	}
}

// record notes which recordings there are.
func (o *overlays) record(all []control.Recording) {
	on := slices.ContainsFunc(all, func(r control.Recording) bool { return r.State == "recording" })
	if o.state.Recorded != on {
		o.state.Recorded = on
		o.loop.publish()
	}
}

// cleaned returns the name and the title in a command as others may see them, or why they cannot be.
func cleaned(env *Env, c control.Set) (name, title string, err error) {
	if c.Name != nil {
		name, err = env.CleanName(*c.Name)
	}
	if c.Title != nil && strings.TrimSpace(*c.Title) != "" && err == nil {
		title, err = env.CleanName(*c.Title)
	}
	return name, title, err
}

// turn returns where a member stands among the others, and so its tile: last, or before those who came later than
// it did in the server before.
func turn(members []*member, m *member) int {
	i := slices.IndexFunc(members, func(o *member) bool { return !m.joined.IsZero() && m.joined.Before(o.joined) })
	if i < 0 {
		return len(members)
	}
	return i
}
