package pool_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/views"
	"tilemix/mcu/views/pool"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pinning is the view with one participant pinned.
func pinning(i int) views.ViewKey { return views.ViewKey{Pinned: views.IDs(fmt.Sprintf("p%d", i))} }

// TestShared has viewers with equal keys share one view, which ends Linger after the last.
func TestShared(t *testing.T) {
	b := pool.NewAllotment(2)
	p := pool.NewChooser(b, func() {})
	all := make([]pool.Want, 50)
	for i := range all {
		all[i].Key = pinning(i % 2)
	}
	if again := p.Choose(all, epoch); !again.IsZero() || len(p.Keys()) != 3 || b.Live() != 2 {
		t.Fatalf("views %v, %d of the allotment, again %v", p.Keys(), b.Live(), again)
	}
	for i := range all {
		if all[i].Result != pool.Granted || p.Keys()[all[i].View] != pinning(i%2) {
			t.Fatalf("viewer %d has %+v", i, all[i])
		}
		all[i].Key = views.ViewKey{}
	}
	now := epoch.Add(time.Minute)
	if again := p.Choose(all, now); !again.Equal(epoch.Add(pool.Linger)) && len(p.Keys()) != 1 {
		t.Errorf("views %v after a minute", p.Keys())
	}
	all[0].Key = pinning(0)
	p.Choose(all, now)
	all[0].Key = views.ViewKey{}
	if again := p.Choose(all, now); !again.Equal(now.Add(pool.Linger)) || len(p.Keys()) != 2 {
		t.Errorf("views %v, again %v", p.Keys(), again)
	}
	if p.Choose(all, now.Add(pool.Linger)); len(p.Keys()) != 1 || b.Live() != 0 {
		t.Errorf("views %v after the linger, %d of the allotment", p.Keys(), b.Live())
	}
}

// TestRefused has the viewer for whom there is no view keep what it has, and a viewer alone in its
// view change it although the allotment is empty.
func TestRefused(t *testing.T) {
	b := pool.NewAllotment(1)
	p := pool.NewChooser(b, func() {})
	all := []pool.Want{{Key: pinning(0)}, {}}
	p.Choose(all, epoch)
	all[1].Key = pinning(1)
	if p.Choose(all, epoch); all[1].Result != pool.Refused || all[1].Has != (views.ViewKey{}) || all[0].Has != pinning(0) {
		t.Errorf("they have %+v", all)
	}
	all[0].Key, all[1].Key = pinning(2), views.ViewKey{}
	if p.Choose(all, epoch); all[0].Result != pool.Granted || all[0].Has != pinning(2) || b.Live() != 1 {
		t.Errorf("the only viewer of a view has %+v", all[0])
	}
	all[1].Key = pinning(2)
	p.Choose(all, epoch)
	all[0].Key = pinning(3)
	if p.Choose(all, epoch); all[0].Result != pool.Refused || all[0].Has != pinning(2) || all[0].View != all[1].View {
		t.Errorf("one of two has %+v", all[0])
	}
}

// TestStrain takes the view with the fewest viewers, and lets none begin for some time.
func TestStrain(t *testing.T) {
	p := pool.NewChooser(pool.NewAllotment(4), func() {})
	all := []pool.Want{{Key: pinning(0)}, {Key: pinning(0)}, {Key: pinning(1)}, {}}
	p.Choose(all, epoch)
	p.Strain(epoch)
	if p.Choose(all, epoch); all[2].Result != pool.Fallen || all[2].View != 0 || all[0].Has != pinning(0) {
		t.Errorf("they have %+v", all)
	}
	all[2].Key, all[3].Key = pinning(0), pinning(3)
	if p.Choose(all, epoch); all[2].Has != pinning(0) || all[3].Result != pool.Refused {
		t.Errorf("they have %+v", all)
	}
	all[3].Key = pinning(3)
	if p.Choose(all, epoch.Add(time.Minute)); all[3].Result != pool.Granted {
		t.Errorf("a minute later it has %+v", all[3])
	}
}

// TestFair has one room wish 50 views and another one: the first has what the allotment has until the
// second has its share of it.
func TestFair(t *testing.T) {
	b := pool.NewAllotment(4)
	shed := 0
	greedy, modest := pool.NewChooser(b, func() { shed++ }), pool.NewChooser(b, func() {})
	all := make([]pool.Want, 50)
	for i := range all {
		all[i].Key = pinning(i)
	}
	if greedy.Choose(all, epoch); len(greedy.Keys()) != 5 {
		t.Fatalf("%d views of a allotment of 4", len(greedy.Keys())-1)
	}
	few := []pool.Want{{Key: pinning(1)}, {Key: pinning(2)}, {Key: pinning(3)}}
	modest.Choose(few, epoch)
	if few[0].Result != pool.Granted || few[1].Result != pool.Granted || few[2].Result != pool.Refused || shed != 2 {
		t.Errorf("the other room has %+v, %d are to be shed", few, shed)
	}
	for i := range all {
		all[i].Key = all[i].Has // what was refused is wished no more
	}
	if greedy.Choose(all, epoch); len(greedy.Keys()) != 3 || b.Live() != 4 {
		t.Errorf("%d views in the greedy room, %d in all", len(greedy.Keys())-1, b.Live())
	}
	greedy.Close()
	modest.Close()
	if b.Live() != 0 {
		t.Errorf("%d views are held by nobody", b.Live())
	}
}

// room is a room of the property test.
type room struct {
	pool *pool.Chooser
	all  []pool.Want
}

// TestBudget changes wishes in two rooms at random: the views are those that viewers have, the allotment
// holds once what is owed is paid, and each viewer has a view that there is.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(0, 5).Draw(t, "most")
		b, now := pool.NewAllotment(most), epoch
		rooms := []*room{{all: make([]pool.Want, 6)}, {all: make([]pool.Want, 6)}}
		for _, r := range rooms {
			r.pool = pool.NewChooser(b, func() {})
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			r := rooms[rapid.IntRange(0, 1).Draw(t, "room")]
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			w := &r.all[rapid.IntRange(0, 5).Draw(t, "viewer")]
			if w.Key = (views.ViewKey{}); rapid.Bool().Draw(t, "wishes") {
				w.Key = pinning(rapid.IntRange(0, 7).Draw(t, "pins"))
			}
			r.choose(t, now)
			rooms[0].choose(t, now) // what a room owes, it gives back at once
			rooms[1].choose(t, now)
			if live := len(rooms[0].pool.Keys()) + len(rooms[1].pool.Keys()) - 2; live > most || live != b.Live() {
				t.Fatalf("%d views of a allotment of %d, which counts %d", live, most, b.Live())
			}
		}
		for _, r := range rooms {
			r.pool.Close()
		}
		if b.Live() != 0 {
			t.Fatalf("%d views are held by nobody", b.Live())
		}
	})
}

// choose has the pool choose. Viewers whose wish is refused take it back.
func (r *room) choose(t *rapid.T, now time.Time) {
	before := slices.Clone(r.all)
	r.pool.Choose(r.all, now)
	for i := range r.all {
		w := &r.all[i]
		if r.pool.Keys()[w.View] != w.Has || w.Result == pool.Granted && w.Has != w.Key {
			t.Fatalf("viewer %d has %+v of %v", i, *w, r.pool.Keys())
		}
		if w.Result == pool.Refused && w.Has != before[i].Has && w.Has != (views.ViewKey{}) {
			t.Fatalf("viewer %d has neither what it had nor the room's: %+v", i, *w)
		}
		w.Key = w.Has
	}
}
