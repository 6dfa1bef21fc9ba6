package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/mcutest"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/seal"
)

// wire is a bus without others: tests call what hears and answers.
type wire struct {
	hears   map[string]func(string, []byte)
	answers map[string]func([]byte) []byte
	answer  []byte // to what is asked; nil: nobody is there
}

func (w *wire) Hear(subject string, f func(string, []byte))  { w.hears[subject] = f }
func (w *wire) Answer(subject string, f func([]byte) []byte) { w.answers[subject] = f }
func (w *wire) Publish(string, []byte) error                 { return nil }
func (w *wire) Connected() bool                              { return true }
func (w *wire) Refused() uint64                              { return 0 }
func (w *wire) Run(ctx context.Context) error                { <-ctx.Done(); return nil }
func (w *wire) Ask(context.Context, string, []byte) ([]byte, error) {
	if w.answer == nil {
		return nil, errors.New("nobody is there")
	}
	return w.answer, nil
}

// lone returns a node on a wire, which has the room demo, and whose cluster has another node b.
func lone(t *testing.T, log *slog.Logger, change func(*Config)) (*Cluster, *wire) {
	t.Helper()
	key, err := seal.New([]byte(strings.Repeat("k", seal.Shortest)))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		ID: "a", Run: "1", Key: key, Most: 10, Limit: 1, Has: func(room string) bool { return room == "demo" }, Holds: func(string) bool { return false },
		People: func() map[string]int { return map[string]int{"demo": 1} }, Load: func() (int, float64) { return 2, 0 },
		Entered: func(string) int { return 0 }, Relays: func() map[string]int { return nil },
		Draining: func() bool { return false }, Adopt: func(string, bool, map[string]json.RawMessage) {}, Relocate: func(string, string) {},
	}
	if change != nil {
		change(&cfg)
	}
	w := &wire{hears: map[string]func(string, []byte){}, answers: map[string]func([]byte) []byte{}}
	c, err := New(cfg, w, log)
	if err != nil {
		t.Fatal(err)
	}
	c.beat(time.Now())
	c.list(time.Now())
	w.hears[ofBeats](ofBeats, beatOf(t, "b", "1", directory.Protocol))
	return c, w
}

func beatOf(t *testing.T, id, run string, protocol int) []byte {
	t.Helper()
	data, err := json.Marshal(directory.Beat{ID: id, Run: run, Number: 1, Protocol: protocol, State: directory.Serving, Cores: 2, Limit: 1, Inside: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestHostile: what a broken node, or one of another version, sends on each subject changes nothing about the room
// that runs here, and about the nodes that are known. Where an operator is to know, the log has one line.
func TestHostile(t *testing.T) {
	huge := `{"room":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, test := range []struct {
		name, subject, data, log string
	}{
		{"no JSON", ofBeats, "\x00\xff", ""},
		{"no ID", ofBeats, `{"run":"1","n":1,"protocol":1}`, ""},
		{"long ID", ofBeats, `{"id":"` + strings.Repeat("x", 65) + `","run":"1","n":1,"protocol":1}`, ""},
		{"newer", ofBeats, string(beatOf(t, "c", "1", directory.Protocol+2)), "a node is refused"},
		{"no version", ofBeats, string(beatOf(t, "c", "1", 0)), "a node is refused"},
		{"twin of another", ofBeats, string(beatOf(t, "b", "2", directory.Protocol)), "two nodes have one ID"},
		{"twin of this", ofBeats, string(beatOf(t, "a", "2", directory.Protocol)), "another node has this one's ID"},
		{"rooms of nobody", ofRooms, `{"id":"nobody","run":"1","rooms":[{"name":"demo","people":9}]}`, ""},
		{"rooms of another run", ofRooms, `{"id":"b","run":"2","rooms":[{"name":"demo","people":9}]}`, ""},
		{"rooms of this", ofRooms, `{"id":"a","run":"1","rooms":[]}`, ""},
		{"end of this", ofEnd, `{"id":"a","run":"1"}`, ""},
		{"end of another run", ofEnd, `{"id":"b","run":"2"}`, ""},
		{"record without JSON", toKeep + "a", "[", ""},
		{"huge record", toKeep + "a", huge, ""},
		{"question without JSON", toPlace + "a", "{", ""},
		{"dead node that lives", toPlace + "a", `{"room":"demo","of":"a","dead":"1"}`, ""},
		{"room without JSON", toTake + "a", "{", ""},
		{"room without a name", toTake + "a", `{"last":true}`, ""},
		{"room with a bad name", toTake + "a", `{"room":"../demo","last":true}`, ""},
		{"huge room", toTake + "a", huge, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := &mcutest.Log{}
			adopted := 0
			c, w := lone(t, log.Logger(), func(cfg *Config) { cfg.Adopt = func(string, bool, map[string]json.RawMessage) { adopted++ } })
			for range 3 {
				if f := w.hears[test.subject]; f != nil {
					f(test.subject, []byte(test.data))
				} else {
					w.answers[test.subject]([]byte(test.data))
				}
			}
			if home, ok := c.roster.home("demo", time.Now()); !ok || home.ID != "a" {
				t.Errorf("the room is at %q, %v", home.ID, ok)
			}
			all := c.Nodes()
			if len(all) != 2 || all[0].Run != "1" || all[1].Run != "1" || all[0].State != directory.Serving || all[1].State != directory.Serving {
				t.Errorf("the nodes are %+v", all)
			}
			if n := strings.Count(log.String(), test.log); test.log != "" && n != 1 {
				t.Errorf("the log has %d lines with %q:\n%s", n, test.log, log)
			}
			if adopted > 0 {
				t.Error("something was adopted")
			}
		})
	}
}

// TestInsideWants: a request of another node says where it comes from, or is refused.
func TestInsideWants(t *testing.T) {
	c, _ := lone(t, slog.New(slog.DiscardHandler), nil)
	c.Spread(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for header, want := range map[string]int{"": http.StatusForbidden, "{": http.StatusForbidden, `{"sender":"192.0.2.1:9"}`: http.StatusNoContent} {
		r, w := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/rooms/demo", nil), httptest.NewRecorder()
		r.Header.Set("Tilemix-Hop", header)
		if c.spread.inside(w, r); w.Code != want {
			t.Errorf("hop %q: %d, want %d", header, w.Code, want)
		}
	}
}

// TestMoverRefused: a room stays if the other node does not take it, or nobody is there, and is tried again later.
func TestMoverRefused(t *testing.T) {
	for name, answer := range map[string]string{"nobody": "", "refused": `{"error":"full"}`, "no JSON": "{", "taken": `{}`} {
		t.Run(name, func(t *testing.T) {
			told := 0
			c, w := lone(t, slog.New(slog.DiscardHandler), func(cfg *Config) {
				cfg.Draining = func() bool { return true }
				cfg.Relocate = func(room, _ string) { told++ }
			})
			if answer != "" {
				w.answer = []byte(answer)
			}
			now := time.Now()
			c.mover.look(t.Context(), c.cfg.People(), now)
			c.mover.at.Wait()
			to, gone := c.mover.to("demo")
			if taken := name == "taken"; gone != taken || (told == 1) != taken || taken && to != "b" {
				t.Errorf("gone to %q: %v, clients told %d times", to, gone, told)
			}
			if gone {
				c.mover.look(t.Context(), map[string]int{}, now.Add(time.Second))
				if !c.Gone("demo") {
					t.Error("what the room ends with counts as its end")
				}
				c.mover.look(t.Context(), map[string]int{}, now.Add(time.Second+ending))
				if c.Gone("demo") {
					t.Error("a room that has gone is still leaving")
				}
				return
			}
			if c.mover.look(t.Context(), c.cfg.People(), now.Add(time.Second)); c.mover.leaving("demo") {
				t.Error("it is tried again at once")
			}
			w.answer = []byte(`{}`)
			again := directory.Beat{ID: "b", Run: "1", Number: 2, Protocol: directory.Protocol, State: directory.Serving, Cores: 2, Limit: 1}
			if _, err := c.roster.hear(again, now.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			c.mover.look(t.Context(), c.cfg.People(), now.Add(time.Minute))
			c.mover.at.Wait()
			if _, gone := c.mover.to("demo"); !gone {
				t.Error("it is not tried again")
			}
		})
	}
}

// TestMoverDead: a room whose new home dies before all clients have gone is this node's again.
func TestMoverDead(t *testing.T) {
	c, w := lone(t, slog.New(slog.DiscardHandler), func(cfg *Config) { cfg.Draining = func() bool { return true } })
	w.answer = []byte(`{}`)
	now := time.Now()
	c.mover.look(t.Context(), c.cfg.People(), now)
	c.mover.at.Wait()
	if !c.Gone("demo") {
		t.Fatal("the room has not gone")
	}
	c.roster.bury("b", "1")
	if c.Gone("demo") {
		t.Error("the room is at a node that is dead")
	}
	c.mover.look(t.Context(), c.cfg.People(), now.Add(time.Second))
	if c.mover.leaving("demo") {
		t.Error("the room is still about to go")
	}
}
