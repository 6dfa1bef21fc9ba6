package room

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/mcu/scene"
)

// chats returns the chat messages that a guest was sent, and those of before it came.
func chats(g *guest) (now, past []string) {
	for _, m := range g.got {
		switch m := m.(type) {
		case control.Chat:
			now = append(now, m.Name+": "+m.Text)
		case control.History:
			past = nil
			for _, c := range m.Messages {
				past = append(past, c.Name+": "+c.Text)
			}
		}
	}
	return now, past
}

// TestPrivateChat has a participant write to one other: the third learns nothing, and history does not either.
func TestPrivateChat(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben, cid := c.host(), c.join("Ben", false), c.join("Cid", false)
		host.Handle(control.KeepChat{Kept: true})
		ben.Handle(control.SendChat{Text: "psst", To: person(t, ben, "Host").ID})
		ben.Handle(control.SendChat{Text: "hello"})
		ben.Handle(control.SendChat{Text: "x", To: "NOBODY"})
		c.settle()
		late := c.join("Dan", false)
		for g, want := range map[*guest]string{host: "[Ben: psst Ben: hello]", ben: "[Ben: psst Ben: hello]", cid: "[Ben: hello]", late: "[]"} {
			if now, _ := chats(g); fmt.Sprint(now) != want {
				t.Errorf("%s was sent %v, not %s", g.session.Name, now, want)
			}
		}
		if _, past := chats(late); fmt.Sprint(past) != "[Ben: hello]" {
			t.Errorf("Dan was sent the history %v", past)
		}
		if m, _ := last[control.Error](ben); m.Code != "not_found" {
			t.Errorf("a message to nobody is refused by %+v", m)
		}
	})
}

// TestChatHistory keeps nothing unless a host wants it, and nothing of before.
func TestChatHistory(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben := c.host(), c.join("Ben", false)
		ben.Handle(control.SendChat{Text: "before"})
		ben.Handle(control.KeepChat{Kept: true})
		c.settle()
		if e, _ := last[control.Error](ben); e.Code != "forbidden" || c.loop.talk.past.Kept {
			t.Errorf("a participant keeps the chat: %+v", e)
		}
		host.Handle(control.KeepChat{Kept: true})
		c.settle()
		if s, n := last[control.RoomState](ben); n != 1 || !s.History {
			t.Errorf("Ben is told %+v", s)
		}
		ben.Handle(control.SendChat{Text: "hello"})
		c.settle()
		if _, past := chats(c.join("Cid", false)); fmt.Sprint(past) != "[Ben: hello]" {
			t.Errorf("Cid was sent %v", past)
		}
		host.Handle(control.KeepChat{})
		host.Handle(control.KeepChat{Kept: true})
		c.settle()
		if _, past := chats(c.join("Eve", false)); len(past) > 0 {
			t.Errorf("a chat that was given up is sent: %v", past)
		}
	})
}

// TestChatRules has the rules of a room keep its chat.
func TestChatRules(t *testing.T) {
	in(t, 25, func(c *call) {
		ben := c.join("Ben", false)
		c.Govern(rules.Terms{ChatHistory: true})
		c.settle()
		ben.Handle(control.SendChat{Text: "hello"})
		c.settle()
		if _, past := chats(c.join("Cid", false)); len(past) != 1 {
			t.Errorf("Cid was sent %v", past)
		}
	})
}

// TestChatFile passes a file on that was uploaded, and refuses one that was not.
func TestChatFile(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		ada.Handle(control.SendChat{File: "F"})
		c.settle()
		if e, n := last[control.Error](ada); n != 1 || !strings.Contains(e.Error, "no files") {
			t.Errorf("without files: %+v", e)
		}
		c.loop.room.env.File = func(room, id string) (control.ChatFile, error) {
			if id != "F" {
				return control.ChatFile{}, ErrNotFound
			}
			return control.ChatFile{ID: id, Name: room, Size: 3}, nil
		}
		ada.Handle(control.SendChat{File: "G"})
		ada.Handle(control.SendChat{File: "F"})
		c.settle()
		m, n := last[control.Chat](ben)
		if e, _ := last[control.Error](ada); n != 1 || m.File == nil || m.File.Name != c.name || e.Code != "not_found" {
			t.Errorf("Ben is sent %+v, Ada is refused by %+v", m, e)
		}
	})
}

// TestRename changes a participant's name, but not one that its token gave, and not too often.
func TestRename(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.joinWith("Ben", false, policy.Grant{Name: "Ben"})
		ada.Handle(control.Rename{Name: " Ada\u202e Lovelace "})
		ben.Handle(control.Rename{Name: "Host"})
		c.settle()
		person(t, ben, "Ben")
		if e, n := last[control.Error](ben); n != 1 || e.Code != "forbidden" {
			t.Errorf("a name of a token is changed: %+v", e)
		}
		p, _ := last[control.Participants](ben)
		if got := names(p); !strings.Contains(got, "Lovelace") {
			t.Errorf("the names are %s", got)
		}
		for n := range renameBurst {
			ada.Handle(control.Rename{Name: fmt.Sprint("Ada ", n)})
		}
		c.settle()
		if e, n := last[control.Error](ada); n != 1 || e.Code != "too_many_requests" {
			t.Errorf("too many names: %d, %+v", n, e)
		}
	})
}

// way is a path that carries and probes.
type way struct{ carries, probed int }

func (w *way) Estimate() int              { return w.carries }
func (w *way) Probe(bps int, _ time.Time) { w.probed = bps }

// TestReceive has a client ask for less than its path carries, for more, and for any amount again.
func TestReceive(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", true)
		carries := &way{carries: 2_000_000}
		path := scene.Frugal{Path: carries, Most: &ada.now().thrift}
		for _, step := range []struct{ asks, carries, want, probed int }{
			{0, 2_000_000, 2_000_000, 500_000},
			{300_000, 2_000_000, 300_000, 0},
			{300_000, 0, 300_000, 0},
			{600_000, 200_000, 200_000, 500_000},
			{0, 0, 0, 500_000},
		} {
			ada.Handle(control.Receive{MaxBitrate: step.asks})
			c.settle()
			carries.carries, carries.probed = step.carries, 0
			path.Probe(500_000, time.Now())
			if got := path.Estimate(); got != step.want || carries.probed != step.probed {
				t.Errorf("%+v: the path has %d, and is probed with %d", step, got, carries.probed)
			}
		}
		if _, n := last[control.Error](ada); n > 0 {
			t.Error("a viewer may not say how much it receives")
		}
	})
}
