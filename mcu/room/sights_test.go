package room

import (
	"cmp"
	"errors"
	"image"
	"slices"
	"strconv"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
	"tilemix/mcu/views/pool"
)

// sees has guests be the viewers of a scene, and returns which view each has.
func (c *call) sees(all ...*guest) (keys []views.ViewKey) {
	c.call(func() {
		s := &scene.Scene{Sources: c.Scene().Sources, Viewers: make([]scene.Viewer, len(all))}
		var watchers []*member
		for _, g := range all {
			watchers = append(watchers, g.member)
		}
		c.loop.sights.choose(s, watchers, func(int) bool { return true }, time.Now())
		for _, v := range s.Viewers {
			keys = append(keys, s.Views[v.View].Key)
		}
	})
	return keys
}

// allow gives a room so many views.
func (c *call) allow(most int) {
	c.call(func() { c.loop.sights.pool = pool.NewChooser(pool.NewAllotment(most), func() {}) })
}

// refusals counts the errors that a guest was sent.
func refusals(g *guest) (n int) {
	_, n = last[control.Error](g)
	return n
}

// TestOverlaysOfViews has viewers with equal overlays share a view, and one of overlays that are taken away
// have the room's.
func TestOverlaysOfViews(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(2)
		host, one, two := c.host(), c.join("One", true), c.join("Two", true)
		wish := func(g *guest, name string) {
			g.Handle(control.View{Wish: views.Wish{Overlays: name}})
			c.settle()
		}
		wish(one, "none")
		if got := c.sees(one); got[0] != (views.ViewKey{}) {
			t.Errorf("without overlays there is another view: %v", got)
		}
		host.Handle(control.Overlays{Banner: control.Banner{Text: "Hello"}})
		host.Handle(control.Overlays{Name: "air", Rec: true})
		host.Handle(control.Overlays{Name: "disc", Rec: true})
		wish(one, "air")
		wish(two, "disc")
		got := c.sees(one, two)
		if got[0] != (views.ViewKey{Overlays: "air"}) || got[1] != got[0] {
			t.Errorf("they see %v", got)
		}
		for i, v := range c.Scene().Views {
			shown := c.Scene().Shown(i)
			if v.Key.Overlays == "" && shown.Set.Banner.Text != "Hello" || v.Key.Overlays == "air" && !shown.Set.Rec {
				t.Errorf("%v shows %+v", v.Key, shown.Set.Overlays)
			}
		}
		wish(two, "none")
		if got := c.sees(two); got[0] != (views.ViewKey{Overlays: "none"}) {
			t.Errorf("it sees %v", got)
		}
		host.Handle(control.Overlays{Name: "air"})
		host.Handle(control.Overlays{Name: "disc"})
		c.settle()
		if got := c.sees(one); got[0] != (views.ViewKey{}) {
			t.Errorf("overlays that are gone are seen by %v", got)
		}
		if wish(one, "moon"); refusals(one) != 1 {
			t.Error("overlays that were never there are a view")
		}
	})
}

// TestPinnedLeaves has two viewers pin the same two participants, of which one leaves while all views are
// taken: both go on with the other one pinned, and neither is refused anything.
func TestPinnedLeaves(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(1)
		ada, ben, one, two := c.join("Ada", false), c.join("Ben", false), c.join("One", true), c.join("Two", true)
		a, b := ada.session.PublicID(), ben.session.PublicID()
		for _, g := range []*guest{one, two} {
			g.Handle(control.View{Wish: views.Wish{Pin: []string{b, a}}})
		}
		c.settle()
		if got := c.sees(one, two); got[0].Pinned != views.IDs(b+","+a) || got[1] != got[0] {
			t.Fatalf("they see %v", got)
		}
		ben.Leave()
		c.settle()
		if got := c.sees(one, two); got[0].Pinned != views.IDs(a) || got[1] != got[0] || refusals(one)+refusals(two) != 0 {
			t.Errorf("they see %v, and were refused %d and %d", got, refusals(one), refusals(two))
		}
		ada.Leave()
		c.settle()
		if got := c.sees(one, two); got[0] != (views.ViewKey{}) || got[1] != got[0] {
			t.Errorf("nobody is left to be pinned, and they see %v", got)
		}
	})
}

// TestFollow has a viewer follow another one: it sees what that one sees, until that one leaves, and not
// what that one follows itself.
func TestFollow(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(4)
		ada, ben, one := c.join("Ada", false), c.join("Ben", false), c.join("One", false)
		a, b := ada.session.PublicID(), ben.session.PublicID()
		ada.Handle(control.View{Wish: views.Wish{Pin: []string{b}, Self: "leave-out"}})
		one.Handle(control.View{Wish: views.Wish{Follow: a}})
		c.settle()
		if got := c.sees(ada, one); got[1].Pinned != views.IDs(b) || got[1].Hidden != "" || got[0].Hidden != views.IDs(a) {
			t.Errorf("they see %v", got)
		}
		if l, _ := last[control.Layout](one); l.View == nil || l.View.Follow != a {
			t.Errorf("one who follows is told of the view %+v", l.View)
		}
		if l, _ := last[control.Layout](ada); l.View != nil && l.View.Follow != "" {
			t.Errorf("one who is followed is told of the view %+v", l.View)
		}
		ben.Handle(control.View{Wish: views.Wish{Follow: one.session.PublicID()}})
		ada.Handle(control.View{Wish: views.Wish{Follow: b}})
		c.settle()
		for i, k := range c.sees(ada, ben, one) {
			if k != (views.ViewKey{}) {
				t.Errorf("viewer %d follows in a ring, and sees %v", i, k)
			}
		}
		if l, _ := last[control.Layout](ben); l.View == nil || l.View.Follow != one.session.PublicID() {
			t.Errorf("one who follows to the room's view is told of the view %+v", l.View)
		}
		ben.Handle(control.View{})
		c.settle()
		if l, _ := last[control.Layout](ben); l.View != nil {
			t.Errorf("one who follows no more is told of the view %+v", l.View)
		}
		ada.Handle(control.View{Wish: views.Wish{Follow: "nobody"}})
		c.settle()
		if refusals(ada) != 1 {
			t.Errorf("a viewer that follows nobody is refused %d times", refusals(ada))
		}
	})
}

// TestImposed has a host give views to all and to a role: those that come later have them too, one that is
// held cannot change its view, and a host sets it free.
func TestImposed(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(4)
		host, ben := c.host(), c.join("Ben", false)
		b, yes, no := ben.session.PublicID(), true, false
		host.Handle(control.Set{Select: "all", View: &views.Wish{Pin: []string{b}}, ViewLocked: &yes})
		host.Handle(control.Set{Select: "role:host", View: &views.Wish{}})
		late, boss := c.join("Late", true), c.joinWith("Boss", false, policy.Grant{Role: policy.Host})
		pinned := views.ViewKey{Pinned: views.IDs(b)}
		if got := c.sees(ben, late, boss, host); !slices.Equal(got, []views.ViewKey{pinned, pinned, {}, {}}) {
			t.Errorf("they see %v", got)
		}
		late.Handle(control.View{})
		c.settle()
		if got := c.sees(late); got[0] != pinned || refusals(late) != 1 {
			t.Errorf("one that is held sees %v and is refused %d times", got, refusals(late))
		}
		host.Handle(control.Set{ID: late.session.PublicID(), ViewLocked: &no})
		late.Handle(control.View{})
		c.settle()
		if got := c.sees(late); got[0] != (views.ViewKey{}) || refusals(late) != 1 {
			t.Errorf("one that was set free sees %v and is refused %d times", got, refusals(late))
		}
		host.Handle(control.Set{Select: "all", View: &views.Wish{Layout: "heap"}})
		c.settle()
		if got := c.sees(ben); got[0] != pinned || refusals(host) != 1 {
			t.Errorf("after a layout that is none Ben sees %v, and the host was refused %d times", got, refusals(host))
		}
	})
}

// sinkViews returns the views of a room's sinks, in order of attaching.
func (c *call) sinkViews() (keys []views.ViewKey) {
	c.call(func() {
		s := c.Scene()
		for i := range s.Sinks {
			at := 0
			if s.SinkViews != nil {
				at = s.SinkViews[i]
			}
			keys = append(keys, s.Views[at].Key)
		}
	})
	return keys
}

// TestSinkFalls has a busy clock take the view of a sink: the sink is told, and so are the log, the events and the
// metrics, once. The sink may wish it again later.
func TestSinkFalls(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(2)
		c.join("Ada", false)
		var told []string
		fallen := func(view string) { told = append(told, view) }
		r, h, wish := &recorder{}, c.Handle(), views.Wish{Layout: "speaker"}
		if _, err := h.Attach(r, media.SinkOptions{View: wish, Of: "broadcast", Fallen: fallen}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			c.call(func() {
				c.loop.sights.pool.Strain(time.Now())
				c.loop.publish()
			})
		}
		var events int
		c.call(func() {
			for _, e := range c.events {
				if e == event.ViewFallen {
					events++
				}
			}
		})
		if !slices.Equal(told, []string{"speaker"}) || events != 1 {
			t.Errorf("the sink was told %v, %d events", told, events)
		}
		if got := c.sinkViews(); !slices.Equal(got, []views.ViewKey{{}}) {
			t.Errorf("it sees %v", got)
		}
		if err := h.SetView(r, wish); !errors.Is(err, views.ErrLimit) || len(told) != 1 {
			t.Errorf("at once: %v, %v", err, told)
		}
	})
}

// TestSinkViews has sinks wish views: equal ones are one, a view that is none or is one too many is refused
// and the sink is not there, and a change that is refused changes nothing.
func TestSinkViews(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(1)
		a := c.join("Ada", false).session.PublicID()
		hide, h := views.Wish{Hide: []string{a}}, c.Handle()
		upright := views.Wish{Layout: "speaker", Canvas: "360x640"}
		one, two, three := &recorder{}, &recorder{}, &recorder{}
		for _, r := range []*recorder{one, two} {
			if _, err := h.Attach(r, media.SinkOptions{View: hide}); err != nil {
				t.Fatal(err)
			}
		}
		hidden := views.ViewKey{Hidden: views.IDs(a)}
		want := func(keys ...views.ViewKey) {
			t.Helper()
			if got := c.sinkViews(); !slices.Equal(got, keys) {
				t.Errorf("sinks see %v, not %v", got, keys)
			}
		}
		want(hidden, hidden)
		for w, wrong := range map[string]error{
			"portrait": views.ErrLimit, "heap": views.ErrInvalid, `{"fps":5}`: views.ErrInvalid, `{"follow":"nobody"}`: ErrNotFound,
		} {
			var wish views.Wish
			if err := wish.UnmarshalJSON([]byte(strconv.Quote(w))); err != nil {
				t.Fatal(err)
			}
			if err := h.CheckView(wish); !errors.Is(err, wrong) {
				t.Errorf("%s could be had: %v", w, err)
			}
			if _, err := h.Attach(three, media.SinkOptions{View: wish}); !errors.Is(err, wrong) {
				t.Errorf("%s: %v", w, err)
			}
		}
		if err := errors.Join(h.CheckView(hide), h.CheckView(views.Wish{})); err != nil {
			t.Errorf("what there is cannot be had: %v", err)
		}
		want(hidden, hidden)
		if err := h.SetView(two, upright); !errors.Is(err, views.ErrInvalid) {
			t.Errorf("another canvas: %v", err)
		}
		if err := h.SetView(two, views.Wish{Layout: "speaker"}); !errors.Is(err, views.ErrLimit) {
			t.Errorf("one view too many: %v", err)
		}
		if err := h.SetView(&recorder{}, hide); !errors.Is(err, ErrNotFound) {
			t.Errorf("a sink that is not there: %v", err)
		}
		want(hidden, hidden)
		if err := h.SetView(two, views.Wish{}); err != nil {
			t.Error(err)
		}
		want(hidden, views.ViewKey{})
		if err := h.SetView(one, views.Wish{Layout: "speaker"}); err != nil {
			t.Errorf("in place of the view that no other sink has: %v", err)
		}
		want(views.ViewKey{Layout: "speaker"}, views.ViewKey{})
		var often error
		for range viewBurst {
			often = cmp.Or(often, h.SetView(one, views.Wish{Layout: "speaker"}))
		}
		if !errors.Is(often, ErrTooOften) {
			t.Errorf("a change after the other: %v", often)
		}
	})
}

// TestSinkCanvas has a sink begin with an upright canvas, which stays when the view changes.
func TestSinkCanvas(t *testing.T) {
	in(t, 25, func(c *call) {
		c.allow(2)
		c.join("Ada", false)
		r, h := &recorder{}, c.Handle()
		if _, err := h.Attach(r, media.SinkOptions{View: views.Wish{Layout: "speaker", Canvas: "360x640"}}); err != nil {
			t.Fatal(err)
		}
		for _, w := range []views.Wish{{Layout: "grid", Canvas: "360x640"}, {}} {
			if err := h.SetView(r, w); err != nil {
				t.Fatal(err)
			}
			if got := c.sinkViews(); got[0] != (views.ViewKey{Size: image.Pt(360, 640)}) {
				t.Errorf("%v shows %v", w, got)
			}
		}
	})
}
