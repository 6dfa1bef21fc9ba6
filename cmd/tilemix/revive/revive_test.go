package revive

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/mcu/event"
	"tilemix/mcu/seats"
)

// notes is a recorder that notes what it is asked for. The room "slow" takes its time.
type notes struct {
	left *estate // in which a room may have a mark

	mu  sync.Mutex
	all []string
}

func (n *notes) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, what)
}

func (n *notes) Continue(room string) error {
	what := "continue " + room
	if n.left.take("mark/"+room) != nil {
		what += " in full"
	}
	n.note(what)
	if room == "slow" {
		time.Sleep(time.Minute)
	}
	return nil
}

func (n *notes) Waive(room string)                  { n.note("waive " + room) }
func (n *notes) Inherit(map[string]json.RawMessage) {}

// told returns what there was, and forgets it.
func (n *notes) told() (all []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all, n.all = n.all, nil
	return all
}

// revived runs f beside a Revival, on a clock of its own.
func revived(t *testing.T, f func(r *Revival, n *notes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, n := newRevival(slog.New(slog.DiscardHandler)), &notes{}
		r.recorder, n.left = n, &r.left
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		f(r, n)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func begins(r *Revival, room string) { r.Post(event.New(event.RoomStarted, room)) }

// TestLate: a room that begins in time goes on. The recorder lets go of one that begins later.
func TestLate(t *testing.T) {
	revived(t, func(r *Revival, n *notes) {
		r.left.add(map[string]json.RawMessage{"broadcast/late": json.RawMessage(`{}`)})
		time.Sleep(seats.Grace - 1)
		begins(r, "early")
		time.Sleep(time.Nanosecond)
		begins(r, "late")
		synctest.Wait()
		if got := n.told(); !slices.Equal(got, []string{"continue early", "waive late"}) {
			t.Errorf("the recorder is asked to %q", got)
		}
		if r.left.take("broadcast/late") != nil {
			t.Error("what nobody has taken is kept")
		}
	})
}

// TestBusyAtTheEnd has rooms begin in time, and the time end, while another room takes its own. They go on all the
// same, with what was left of them, and one that begins meanwhile and too late does not.
func TestBusyAtTheEnd(t *testing.T) {
	for range 5 { // select takes any
		revived(t, func(r *Revival, n *notes) {
			time.Sleep(seats.Grace - time.Second)
			begins(r, "slow")
			want := []string{"continue slow"}
			for i := range 5 {
				room := fmt.Sprint("room", i)
				r.left.add(map[string]json.RawMessage{"mark/" + room: json.RawMessage(`{}`)})
				begins(r, room)
				want = append(want, "continue "+room+" in full")
			}
			time.Sleep(2 * time.Second)
			begins(r, "late")
			want = append(want, "waive late")
			time.Sleep(2 * time.Minute)
			if got := n.told(); !slices.Equal(got, want) {
				t.Errorf("the recorder is asked to %q, not to %q", got, want)
			}
		})
	}
}

// TestAdoptedAtTheEnd has another server's room go on here as the time of this one's ends, and later. It has its own time.
func TestAdoptedAtTheEnd(t *testing.T) {
	for _, busy := range []bool{true, false, true, false, true, false} {
		revived(t, func(r *Revival, n *notes) {
			left := map[string]json.RawMessage{"output/1": json.RawMessage(`{"room":"elsewhere"}`)}
			time.Sleep(seats.Grace - time.Second)
			if busy {
				begins(r, "slow")
			}
			time.Sleep(2 * time.Second)
			r.Adopt("adopted", true, left)
			time.Sleep(seats.Grace - 1)
			begins(r, "other")
			synctest.Wait()
			got := n.told()
			if busy {
				got = slices.DeleteFunc(got, func(what string) bool { return what == "continue slow" })
			}
			if !slices.Equal(got, []string{"continue adopted", "continue other"}) {
				t.Errorf("the recorder is asked to %q", got)
			}
			if len(r.left.links("output", "elsewhere")) != 1 {
				t.Error("what another server has left is forgotten")
			}
			time.Sleep(time.Nanosecond)
			begins(r, "late")
			synctest.Wait()
			if got := n.told(); !slices.Equal(got, []string{"waive late"}) {
				t.Errorf("later, the recorder is asked to %q", got)
			}
		})
	}
}
