package pool_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/views"
	"tilemix/mcu/views/pool"
)

// hall is a room of the model. Its loop is the test's, which calls Choose when it is asked to.
type hall struct {
	pool *pool.Chooser
	all  []pool.Want
	due  bool
	gone map[views.ViewKey]time.Time // when a view was last wished or kept
	// until is when the room takes views again, as its clock was late.
	until time.Time
}

// building is the rooms of a server, and what the model knows of them.
type building struct {
	*rapid.T
	most  int
	of    *pool.Allotment
	halls []*hall
	now   time.Time
}

func newBuilding(t *rapid.T) *building {
	b := &building{T: t, most: rapid.IntRange(0, 6).Draw(t, "most"), now: epoch}
	b.of = pool.NewAllotment(b.most)
	for range rapid.IntRange(1, 3).Draw(t, "rooms") {
		h := &hall{all: make([]pool.Want, rapid.IntRange(2, 5).Draw(t, "viewers")), gone: map[views.ViewKey]time.Time{}}
		h.pool = pool.NewChooser(b.of, func() { h.due = true })
		b.halls = append(b.halls, h)
	}
	return b
}

func (b *building) hall() *hall { return rapid.SampledFrom(b.halls).Draw(b.T, "room") }

// choose has a room choose, and checks what it decides.
func (b *building) choose(h *hall) {
	h.due = false
	before, had := slices.Clone(h.all), slices.Clone(h.pool.Keys())
	again := h.pool.Choose(h.all, b.now)
	keys := h.pool.Keys()
	if len(keys) == 0 || keys[0] != (views.ViewKey{}) {
		b.Fatalf("a room has no view by itself: %v", keys)
	}
	for i, k := range keys {
		if slices.Index(keys, k) != i {
			b.Fatalf("there are two views of %v", k)
		}
	}
	for i, w := range h.all {
		was := before[i]
		switch {
		case w.Key != was.Key || keys[w.View] != w.Has:
			b.Fatalf("viewer %d wished %v and has %+v of %v", i, was.Key, w, keys)
		case w.Result == pool.Granted && w.Has != w.Key, w.Result != pool.Granted && w.Has == w.Key:
			b.Fatalf("viewer %d has %+v, which is not what the result says", i, w)
		case w.Result == pool.Fallen && (was.Has != was.Key || w.Has != (views.ViewKey{})):
			b.Fatalf("viewer %d had %v and fell to %+v", i, was.Has, w)
		case w.Result != pool.Granted && slices.Contains(keys, w.Key):
			b.Fatalf("viewer %d is refused %v, which there is", i, w.Key)
		case w.Result == pool.Refused && w.Has != was.Has && slices.Contains(keys, was.Has):
			b.Fatalf("viewer %d was refused and lost %v, which there is", i, was.Has)
		}
	}
	b.linger(h, had, again)
}

// linger checks that views without viewers stay for a while and no longer, and that the time for the
// next call is that of the first that ends.
func (b *building) linger(h *hall, had []views.ViewKey, again time.Time) {
	for _, k := range had {
		if end := h.gone[k].Add(pool.Linger); k != (views.ViewKey{}) && slices.Contains(h.pool.Keys(), k) && !h.wished(k) && !b.now.Before(end) {
			b.Fatalf("%v stays although none has wished it for %v", k, b.now.Sub(h.gone[k]))
		}
	}
	var first time.Time
	for _, k := range h.pool.Keys()[1:] {
		if h.wished(k) {
			h.gone[k] = b.now
		} else if end := h.gone[k].Add(pool.Linger); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	if !again.Equal(first) {
		b.Fatalf("is to be called at %v, and the first view ends at %v", again.Sub(b.now), first.Sub(b.now))
	}
}

// wished tells whether a viewer has a view or wishes it.
func (h *hall) wished(k views.ViewKey) bool {
	return slices.ContainsFunc(h.all, func(w pool.Want) bool { return w.Has == k || w.Key == k })
}

// turn has a room choose after wishes have changed, and then those rooms that owe it a view.
func (b *building) turn(h *hall) {
	b.choose(h)
	b.fair(h)
	h.accept()
	b.settle()
}

// settle has every room that was asked to choose do so, until none is asked any more.
func (b *building) settle() {
	for range 20 {
		due := slices.IndexFunc(b.halls, func(h *hall) bool { return h.due })
		if due < 0 {
			return
		}
		b.choose(b.halls[due])
		b.halls[due].accept()
	}
	b.Fatal("rooms take views from each other without an end")
}

// accept has viewers that were refused wish it no more, as a room does.
func (h *hall) accept() {
	for i := range h.all {
		h.all[i].Key = h.all[i].Has
	}
}

// views counts the views of a room that the allotment counts.
func (h *hall) views() int { return len(h.pool.Keys()) - 1 }

// TestModel has viewers of several rooms wish anything, come late and strain the clock: the budget
// holds, what the allotment counts is what there is, and no room that wants has less than its share
// while another has more.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBuilding(t)
		check := func() {
			live := 0
			for _, h := range b.halls {
				live += h.views()
			}
			if live > b.most || live != b.of.Live() {
				t.Fatalf("%d views of an allotment of %d, which counts %d", live, b.most, b.of.Live())
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"wish": func(t *rapid.T) {
				b.T = t
				h := b.hall()
				for _, at := range rapid.SliceOfN(rapid.IntRange(0, len(h.all)-1), 1, 4).Draw(t, "viewers") {
					h.all[at].Key = pinning(rapid.IntRange(0, 5).Draw(t, "pins"))
				}
				b.turn(h)
			},
			"end": func(t *rapid.T) {
				b.T = t
				h := b.hall()
				h.all[rapid.IntRange(0, len(h.all)-1).Draw(t, "viewer")].Key = views.ViewKey{}
				b.turn(h)
			},
			"time": func(t *rapid.T) {
				b.T = t
				b.now = b.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond)
				for _, h := range b.halls {
					b.choose(h)
					h.accept()
				}
				b.settle()
			},
			"strain": func(t *rapid.T) {
				b.T = t
				h := b.hall()
				before := h.views()
				h.pool.Strain(b.now)
				h.until = b.now.Add(10 * time.Second)
				b.choose(h)
				if after := h.views(); after > max(0, before-1) {
					t.Fatalf("a strained room has %d views, and had %d", after, before)
				}
				h.accept()
				b.settle()
			},
		})
		for _, h := range b.halls {
			h.pool.Close()
		}
		if b.of.Live() != 0 {
			t.Fatalf("%d views are held by nobody", b.of.Live())
		}
	})
}

// fair checks that a room is refused a view only if it has its share, or no room has more, or its
// clock was late.
func (b *building) fair(h *hall) {
	refused := slices.ContainsFunc(h.all, func(w pool.Want) bool { return w.Result == pool.Refused })
	if !refused || b.most == 0 || b.now.Before(h.until) {
		return
	}
	if b.of.Live() < b.most {
		b.Fatalf("a view was refused, and %d of %d are taken", b.of.Live(), b.most)
	}
	with := 0
	for _, other := range b.halls {
		if other.views() > 0 || other == h {
			with++
		}
	}
	share := max(1, b.most/with)
	for i, other := range b.halls {
		if h.views() < share && other != h && other.views() > share && !other.due {
			b.Fatalf("a room has %d of %d views and was refused one, and room %d has %d", h.views(), share, i, other.views())
		}
	}
}

// TestLoops has loops of several rooms choose at once, as they do, while others take views from them:
// nothing that is owed is forgotten.
func TestLoops(t *testing.T) {
	const most = 3
	b := pool.NewAllotment(most)
	var wg sync.WaitGroup
	rooms := make([]*pool.Chooser, 4)
	due := make([]atomic.Bool, len(rooms))
	all := make([][]pool.Want, len(rooms))
	for i := range rooms {
		rooms[i], all[i] = pool.NewChooser(b, func() { due[i].Store(true) }), make([]pool.Want, 4)
	}
	for i, p := range rooms {
		wg.Go(func() {
			now := epoch
			for n := range 400 {
				now = now.Add(time.Second)
				w := &all[i][n%4]
				if w.Key = pinning(n * 7 % 5); n%3 == i%3 {
					w.Key = views.ViewKey{}
				}
				due[i].Store(false)
				p.Choose(all[i], now)
				for j := range all[i] {
					all[i][j].Key = all[i][j].Has
				}
			}
		})
	}
	wg.Wait()
	live := 0
	for i, p := range rooms {
		if due[i].Load() {
			p.Choose(all[i], epoch)
		}
	}
	for _, p := range rooms {
		live += len(p.Keys()) - 1
	}
	if live > most || live != b.Live() {
		t.Errorf("%d views of an allotment of %d, which counts %d", live, most, b.Live())
	}
	for _, p := range rooms {
		p.Close()
	}
	if b.Live() != 0 {
		t.Errorf("%d views are held by nobody", b.Live())
	}
}

// TestNone has a room of a server without views, and one without an allotment, refuse every wish.
func TestNone(t *testing.T) {
	for name, q := range map[string]*pool.Allotment{"empty": pool.NewAllotment(0), "none": nil} {
		p := pool.NewChooser(q, func() { t.Errorf("%s: a room is to give back what it has not", name) })
		all := []pool.Want{{Key: pinning(1)}, {}}
		if again := p.Choose(all, epoch); all[0].Result != pool.Refused || all[1].Result != pool.Granted || len(p.Keys()) != 1 || !again.IsZero() {
			t.Errorf("%s: %+v, again %v", name, all, again)
		}
		p.Strain(epoch)
		p.Choose(all, epoch)
		p.Close()
	}
}

// TestTogether has all viewers of a view change to another one at once, as when a participant that they
// pinned leaves: they have it although the allotment is empty. So has a viewer that came before them.
func TestTogether(t *testing.T) {
	b := pool.NewAllotment(1)
	p := pool.NewChooser(b, func() {})
	all := []pool.Want{{}, {Key: pinning(1)}, {Key: pinning(1)}, {Key: pinning(1)}}
	p.Choose(all, epoch)
	for i := range all {
		all[i].Key = pinning(2)
	}
	p.Choose(all, epoch)
	for i, w := range all {
		if w.Result != pool.Granted || w.Has != pinning(2) || p.Keys()[w.View] != pinning(2) {
			t.Errorf("viewer %d has %+v", i, w)
		}
	}
	all[1].Key, all[2].Key, all[3].Key = pinning(3), views.ViewKey{}, views.ViewKey{}
	if p.Choose(all, epoch); all[1].Result != pool.Refused || all[1].Has != pinning(2) || b.Live() != 1 {
		t.Errorf("one of two has %+v", all[1])
	}
}
