package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mcu/views"
)

// coloured has three participants who send a colour each.
type coloured struct {
	*stage
	guests  []*guest
	colours map[string]signal.Colour // by ID
}

func colourful(t *testing.T, most int) *coloured {
	cfg := small()
	cfg.MaxViews = most
	c := &coloured{stage: serve(t, cfg), colours: map[string]signal.Colour{}}
	for i, colour := range []signal.Colour{red, green, blue} {
		g := c.join("views", fmt.Sprintf("Guest %d", i), both)
		film(g, colour)
		c.guests, c.colours[g.id] = append(c.guests, g), colour
	}
	return c
}

// matches tells whether a picture shows each participant in its tile of a layout.
func (c *coloured) matches(img *image.YCbCr, l control.Layout) error {
	var errs error
	for _, tile := range l.Tiles {
		place := image.Rect(tile.X, tile.Y, tile.X+tile.Width, tile.Y+tile.Height)
		errs = errors.Join(errs, shows(img, place, c.colours[tile.ID]))
	}
	return errs
}

// large returns the ID of the participant with the largest tile, "" where all are alike.
func large(l control.Layout) string {
	area := func(t control.Tile) int { return t.Width * t.Height }
	tiles := slices.SortedFunc(slices.Values(l.Tiles), func(a, b control.Tile) int { return area(b) - area(a) })
	if len(tiles) == 0 || len(tiles) > 1 && area(tiles[0]) < 2*area(tiles[1]) {
		return ""
	}
	return tiles[0].ID
}

// pins returns a wish that pins some guests.
func (c *coloured) pins(who ...int) views.Wish {
	var w views.Wish
	for _, i := range who {
		w.Pin = append(w.Pin, c.guests[i].id)
	}
	return w
}

// TestViews has viewers choose views: each sees what its own says, the room's view stays as it is,
// equal views are one, and each camera is asked for its largest tile.
func TestViews(t *testing.T) {
	t.Parallel()
	c := colourful(t, 4)
	eye, one, two := c.join("views", "Eye", viewer), c.join("views", "One", viewer), c.join("views", "Two", viewer)
	room := next(t, &eye.news, "three tiles", func(l control.Layout) bool { return len(l.Tiles) == 3 })
	for _, g := range []*guest{one, two} {
		g.p.Handle(control.View{Wish: c.pins(1)})
	}
	ben := c.guests[1].id
	pinned := next(t, &one.news, "the pin", func(l control.Layout) bool { return large(l) == ben && l.View != nil })
	next(t, &two.news, "the pin", func(l control.Layout) bool { return large(l) == ben })
	for _, g := range []*guest{one, two} {
		g.VideoSink.Await("the pinned one large", func(p rtctest.Picture) error { return c.matches(p.Image, pinned) })
	}
	eye.VideoSink.Await("the room's picture", func(p rtctest.Picture) error { return c.matches(p.Image, room) })
	if all := of[control.Layout](&eye.news); large(all[len(all)-1]) == ben {
		t.Error("a pin of one viewer is seen by another")
	}
	next(t, &c.guests[1].news, "a request for the large tile", func(u control.Uplink) bool { return u.Width >= pinned.Tiles[0].Width-2 })
	if n := c.metric("tilemix_renditions", "360"); n != 2 {
		t.Errorf("%v renditions of 360 lines for two views", n)
	}
	one.p.Handle(control.View{Wish: views.Wish{Hide: []string{ben}}})
	hidden := next(t, &one.news, "two tiles", func(l control.Layout) bool { return len(l.Tiles) == 2 })
	one.VideoSink.Await("a picture without Ben", func(p rtctest.Picture) error { return c.matches(p.Image, hidden) })
	one.p.Handle(control.View{Wish: views.Wish{Layout: "speaker", Canvas: "360x640"}})
	upright := next(t, &one.news, "an upright canvas", func(l control.Layout) bool { return l.Height > l.Width })
	one.VideoSink.Await("an upright picture", func(p rtctest.Picture) error {
		if size := p.Image.Rect.Size(); size != image.Pt(360, 640) {
			return fmt.Errorf("%v", size)
		}
		return c.matches(p.Image, upright)
	})
	one.p.Handle(control.View{})
	one.VideoSink.Await("the room's picture again", func(p rtctest.Picture) error {
		if p.Image.Rect.Dx() != room.Width {
			return errors.New("upright")
		}
		return c.matches(p.Image, room)
	})
}

// TestViewLimit has no view left: the viewer keeps what it has, and is told.
func TestViewLimit(t *testing.T) {
	t.Parallel()
	c := colourful(t, 1)
	one, two := c.join("views", "One", viewer), c.join("views", "Two", viewer)
	one.p.Handle(control.View{Wish: c.pins(0)})
	next(t, &one.news, "the pin", func(l control.Layout) bool { return large(l) == c.guests[0].id })
	two.p.Handle(control.View{Wish: c.pins(1)})
	next(t, &two.news, "a refusal", func(e control.Error) bool { return e.Code == "view_limit" })
	for range 20 {
		two.p.Handle(control.View{Wish: c.pins(2)})
	}
	next(t, &two.news, "a bound", func(e control.Error) bool { return e.Code == "too_many_requests" })
	two.p.Handle(control.View{Wish: views.Wish{Layout: "heap"}})
	next(t, &two.news, "no such layout", func(e control.Error) bool { return e.Error == "there is no layout of that name" })
	for _, l := range of[control.Layout](&two.news) {
		if l.View != nil {
			t.Errorf("it has the view %q", l.View)
		}
	}
}

// TestHostsView has a host give all a view that they cannot change, and one that comes later too.
func TestHostsView(t *testing.T) {
	t.Parallel()
	c := colourful(t, 2)
	room, err := c.Room("views")
	if err != nil {
		t.Fatal(err)
	}
	locked, wish := true, c.pins(2)
	command := control.Set{Select: "all", View: &wish, ViewLocked: &locked}
	if err := c.Act("views", policy.Grant{Role: policy.Host, Rights: policy.All()}, command); err != nil {
		t.Fatal(err)
	}
	late := c.join("views", "Late", viewer)
	for _, g := range append(slices.Clone(c.guests), late) {
		next(t, &g.news, "the host's view", func(l control.Layout) bool { return large(l) == c.guests[2].id })
	}
	late.p.Handle(control.View{})
	next(t, &late.news, "a refusal", func(e control.Error) bool { return e.Code == "forbidden" })
	all, err := room.Attendees("all")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if w, err := views.Parse(a.View); err != nil || !slices.Equal(w.Pin, wish.Pin) || !a.ViewLocked {
			t.Errorf("%s has %q: %v", a.Name, a.View, err)
		}
	}
}

// TestNoThirdView changes views at random: each picture of a viewer shows a layout that its viewer was
// told of, and the first of a new view comes soon.
func TestNoThirdView(t *testing.T) {
	t.Parallel()
	c := colourful(t, 4)
	eye := c.join("views", "Eye", viewer)
	next(t, &eye.news, "three tiles", func(l control.Layout) bool { return len(l.Tiles) == 3 })
	draw := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for range 8 {
		i := draw.IntN(3)
		began := time.Now()
		eye.p.Handle(control.View{Wish: c.pins(i)})
		l := next(t, &eye.news, "the pin", func(l control.Layout) bool { return large(l) == c.guests[i].id })
		eye.VideoSink.Await("the pin", func(p rtctest.Picture) error { return c.matches(p.Image, l) })
		took = append(took, time.Since(began))
		time.Sleep(viewPause)
	}
	slices.Sort(took)
	t.Logf("first picture of a view after %v, the slowest after %v", took[len(took)/2], took[len(took)-1])
}

// TestViewFlood has a viewer wish another view every millisecond: few of the wishes begin a view, the others
// are refused, and what the others see is the same all the time.
func TestViewFlood(t *testing.T) {
	t.Parallel()
	c := colourful(t, 2)
	eye, mad := c.join("views", "Eye", viewer), c.join("views", "Mad", viewer)
	room := next(t, &eye.news, "three tiles", func(l control.Layout) bool { return len(l.Tiles) == 3 })
	eye.VideoSink.Await("the room's picture", func(p rtctest.Picture) error { return c.matches(p.Image, room) })
	var wrong, seen atomic.Int64
	forget := eye.VideoSink.Watch(func(p rtctest.Picture) {
		seen.Add(1)
		if c.matches(p.Image, room) != nil {
			wrong.Add(1)
		}
	})
	encoded := c.metric("tilemix_key_frames_total", "360")
	crowd, began := poll.Crowd(t), time.Now()
	sent := 0
	for ; sent < 100 || time.Since(began) < time.Second; sent++ {
		mad.p.Handle(control.View{Wish: c.pins(sent%3, (sent+1+sent/3%2)%3)})
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	next(t, &mad.news, "a bound", func(e control.Error) bool { return e.Code == "too_many_requests" })
	forget()
	most := 5 + int(took/viewPause)
	given := 0
	for _, l := range of[control.Layout](&mad.news) {
		if l.View != nil {
			given++
		}
	}
	if given == 0 || given > most {
		t.Errorf("%d of %d wishes in %v were given, want 1 to %d", given, sent, took, most)
	}
	if n := c.metric("tilemix_key_frames_total", "360") - encoded; n > float64(2*most) {
		t.Errorf("%v key frames were encoded in %v", n, took)
	}
	if n := len(of[control.Layout](&eye.news)); n > 4 {
		t.Errorf("another viewer was told of %d layouts", n)
	}
	if wrong.Load() > 0 || seen.Load() == 0 {
		blame(t, crowd, "%d of %d pictures of another viewer are not the room's", wrong.Load(), seen.Load())
	}
}

// TestManyWishes has each of many viewers of a room wish another view: the server draws as many as it may have,
// another room has its share of them, and its viewers see what is theirs.
func TestManyWishes(t *testing.T) {
	t.Parallel()
	const most = 2
	c := colourful(t, most)
	other := c.join("other", "Dan", both)
	film(other, red)
	c.colours[other.id] = red
	dan := c.join("other", "Eye", viewer)
	alone := next(t, &dan.news, "a tile", func(l control.Layout) bool { return len(l.Tiles) == 1 })
	var crowd []*guest
	for i := range 12 {
		crowd = append(crowd, c.join("views", fmt.Sprint("Viewer ", i), viewer))
	}
	orders := [][]int{{0}, {1}, {2}, {0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}, {0, 1, 2}, {2, 1, 0}, {1, 0, 2}}
	for i, g := range crowd {
		g.p.Handle(control.View{Wish: c.pins(orders[i]...)})
	}
	refused := 0
	for _, g := range crowd {
		c.await("an answer to each wish", func() bool {
			for _, l := range of[control.Layout](&g.news) {
				if l.View != nil {
					return true
				}
			}
			return len(of[control.Error](&g.news)) > 0
		})
		refused += len(of[control.Error](&g.news))
	}
	if refused < len(crowd)-most {
		t.Errorf("%d of %d wishes were refused, with %d views", refused, len(crowd), most)
	}
	dan.p.Handle(control.View{Wish: views.Wish{Canvas: "360x640"}})
	upright := next(t, &dan.news, "a view of the other room", func(l control.Layout) bool { return l.Height > l.Width })
	dan.VideoSink.Await("its picture", func(p rtctest.Picture) error {
		if p.Image.Rect.Dx() != 360 {
			return errors.New("wide")
		}
		return c.matches(p.Image, upright)
	})
	dan.p.Handle(control.View{})
	dan.VideoSink.Await("the room's picture", func(p rtctest.Picture) error {
		if p.Image.Rect.Dx() != alone.Width {
			return errors.New("upright")
		}
		return c.matches(p.Image, alone)
	})
	c.await("a bound of the pictures that are drawn", func() bool { return c.metric("tilemix_renditions", "360") <= 2+most })
}

// viewPause (260 ms) is how often a viewer may change its view.
const viewPause = 260 * time.Millisecond
