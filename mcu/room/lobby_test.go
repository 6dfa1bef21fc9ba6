package room

import (
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
)

// TestLookout has clients wait for a room: hosts are told who and since when, and all how many. A
// participant that becomes host is told too.
func TestLookout(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben := c.host(), c.join("Ben", false)
		if _, n := last[control.Lobby](host); n != 0 {
			t.Error("the host is told of nobody")
		}
		queue := make([]scene.Waiter, queueShown+5)
		for i := range queue {
			queue[i] = scene.Waiter{ID: string(rune('A' + i)), Name: "Guest", Since: time.Now()}
		}
		wait := func(all []scene.Waiter) {
			c.call(func() { c.waiting = all })
			c.LobbyChanged()
			c.settle()
		}
		wait(queue[:2])
		if l, n := last[control.Lobby](host); n != 1 || len(l.Waiting) != 2 || l.Waiting[1].ID != "B" || !l.Waiting[1].Since.Equal(queue[1].Since) {
			t.Errorf("the host is told %+v", l)
		}
		if s, _ := last[control.RoomState](ben); s.Waiting != 2 {
			t.Errorf("Ben is told %+v", s)
		}
		if _, n := last[control.Lobby](ben); n != 0 {
			t.Error("Ben is told who waits")
		}
		cid := c.joinWith("Cid", false, policy.Grant{Role: policy.Host})
		role := "host"
		host.Handle(control.Set{ID: person(t, host, "Ben").ID, Role: &role})
		c.settle()
		for name, g := range map[string]*guest{"Ben": ben, "Cid": cid} {
			if l, n := last[control.Lobby](g); n != 1 || len(l.Waiting) != 2 {
				t.Errorf("%s is told %d times, %+v", name, n, l)
			}
		}
		wait(queue)
		if l, _ := last[control.Lobby](cid); len(l.Waiting) != queueShown {
			t.Errorf("Cid is told of %d", len(l.Waiting))
		}
		if s, _ := last[control.RoomState](cid); s.Waiting != len(queue) {
			t.Errorf("Cid is told %+v", s)
		}
		c.LobbyChanged() // it is as it was
		wait(nil)
		if l, n := last[control.Lobby](host); n != 3 || len(l.Waiting) != 0 {
			t.Errorf("the host is told %d times, %+v", n, l)
		}
	})
}
