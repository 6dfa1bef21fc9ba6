package cluster_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/journal"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/relay"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/seats"
	"tilemix/signaling"
	"tilemix/signaling/access/book"
	"tilemix/signaling/cluster"
	"tilemix/signaling/cluster/bus"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/seal"
)

func TestMain(m *testing.M) { poll.Main(m) }

const secret = "0123456789abcdef0123456789abcdef"

// node is a server in a cluster, with real rooms.
type node struct {
	id, url, routes string
	rooms           *mcutest.Stage
	cluster         *cluster.Cluster
	bus             *bus.Bus
	shelf           *book.Shelf
	log             *mcutest.Log
	stop            func()      // of its part in the cluster; its rooms go on
	draining, cut   atomic.Bool // cut: no message comes or goes
}

// cable is a node's bus, which can be cut.
type cable struct {
	*bus.Bus
	cut  *atomic.Bool
	says func(data []byte) []byte // what it sends in place of a message
}

// Hear is bus.Bus's.
func (c cable) Hear(subject string, f func(string, []byte)) {
	c.Bus.Hear(subject, func(subject string, data []byte) {
		if !c.cut.Load() {
			f(subject, data)
		}
	})
}

// Answer is bus.Bus's.
func (c cable) Answer(subject string, f func(data []byte) []byte) {
	c.Bus.Answer(subject, func(data []byte) []byte { return c.says(f(data)) })
}

// Publish is bus.Bus's.
func (c cable) Publish(subject string, data []byte) error {
	if c.cut.Load() {
		return bus.ErrAway
	}
	return c.Bus.Publish(subject, c.says(data))
}

// Ask is bus.Bus's.
func (c cable) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if c.cut.Load() {
		return nil, bus.ErrAway
	}
	return c.Bus.Ask(ctx, subject, c.says(data))
}

// keep has a node's seats outlast it, as its journal does.
func (n *node) keep(t testing.TB, cfg *mcu.Config) *journal.Journal {
	t.Helper()
	j, _, _, err := journal.Open(filepath.Join(t.TempDir(), "journal.jsonl"), n.log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Seats = seats.New(j, nil, time.Now())
	mcutest.Beside(t, j.Run)
	return j
}

// freePort returns an address of this machine alone that nobody listens on.
func freePort(testing.TB) string {
	at := make([]byte, 3)
	_, _ = rand.Read(at) // it never fails
	return fmt.Sprintf("127.%d.%d.%d:6222", at[0], at[1], at[2]%250+1)
}

// start runs a node until the test ends.
func start(t testing.TB, id, key string, join ...string) *node {
	t.Helper()
	return startAt(t, id, key, freePort(t), join...)
}

func startAt(t testing.TB, id, key, routes string, join ...string) *node {
	t.Helper()
	return startAs(t, id, key, routes, func(data []byte) []byte { return data }, join...)
}

// startAs runs a node whose messages says changes.
func startAs(t testing.TB, id, key, routes string, says func([]byte) []byte, join ...string) *node {
	t.Helper()
	return startWith(t, func(*cluster.Config) {}, id, key, routes, says, join...)
}

// startAbove runs a node whose rooms have relays from a number of clients on, 0 for never.
func startAbove(t testing.TB, above int, id, key, routes string, says func([]byte) []byte, join ...string) *node {
	t.Helper()
	return startWith(t, func(c *cluster.Config) { c.Above = above }, id, key, routes, says, join...)
}

// startWith runs a node whose configuration with changes.
func startWith(t testing.TB, with func(*cluster.Config), id, key, routes string, says func([]byte) []byte, join ...string) *node {
	t.Helper()
	n := &node{id: id, routes: routes, log: &mcutest.Log{}}
	log := n.log.Logger()
	k, err := seal.New([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	cfg := mcutest.Small()
	cfg.Relay = func(ctx context.Context, room string, p relay.Part, offer string) (string, error) {
		return n.cluster.Relays.Exchange(ctx, room, p, offer)
	}
	cfg.Events = func(event.Event) { n.cluster.Changed() }
	site := signaling.Default()
	site.AddressRate = 0
	run := rand.Text()[:8]
	n.bus = bus.New(bus.Config{Name: id + run, Listen: routes, Join: join, Key: k}, log)
	inside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := n.keep(t, &cfg)
	n.shelf = book.New(t.TempDir(), log)
	if err := n.shelf.Share(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	n.url = "http://" + server.Listener.Addr().String()
	place := cluster.Config{
		ID: id, Run: run, Version: "test", URL: n.url, Inside: inside.Addr().String(), Alone: len(join) == 0, Key: k, Most: 100, Limit: 0.8, Listener: inside,
		Has:      func(room string) bool { _, err := n.rooms.Room(room); return err == nil },
		Holds:    func(string) bool { return false },
		Entered:  func(room string) int { return n.rooms.Inside(room) },
		Relays:   func() map[string]int { return n.rooms.Relays() },
		People:   func() map[string]int { return n.people() },
		Load:     func() (int, float64) { return 2, 0.1 },
		Draining: n.draining.Load, Shelf: n.shelf,
		Adopt:    func(_ string, _ bool, left map[string]json.RawMessage) { cfg.Seats.Adopt(left, time.Now()) },
		Relocate: func(room, url string) { n.rooms.Tell(room, control.Relocate{URL: url, From: n.url}) },
	}
	with(&place)
	n.cluster, err = cluster.New(place, cable{n.bus, &n.cut, says}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("node %s logged:\n%s", id, n.log)
		}
	})
	j.Follow(n.cluster.Follow)
	n.rooms = mcutest.Serve(t, cfg)
	site.Spread, site.Nodes, site.Node = n.cluster.Spread, n.cluster.Nodes, id
	if place.Above > 0 {
		site.Relay = n.cluster.Relays.Choose
	}
	handler, err := signaling.New(n.rooms.Server, site, log)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	n.stop = mcutest.Beside(t, n.cluster.Run)
	return n
}

func (n *node) people() map[string]int {
	all := map[string]int{}
	for _, r := range n.rooms.Rooms() {
		all[r.Name] = r.Participants + r.Viewers
	}
	return all
}

// knows waits until a node knows others as serving.
func (n *node) knows(t testing.TB, ids ...string) {
	t.Helper()
	slices.Sort(ids)
	poll.Until(t, fmt.Sprintf("%s knows %v", n.id, ids), func() bool {
		var serving []string
		for _, o := range n.cluster.Nodes() {
			if o.State == directory.Serving {
				serving = append(serving, o.ID)
			}
		}
		return slices.Equal(serving, ids)
	})
}

// three runs three nodes, each of which names one other.
func three(t testing.TB) []*node {
	t.Helper()
	a := start(t, "a", secret)
	b := start(t, "b", secret, a.routes)
	c := start(t, "c", secret, b.routes)
	nodes := []*node{a, b, c}
	for _, n := range nodes {
		n.knows(t, "a", "b", "c")
	}
	return nodes
}

// homes returns the nodes that have a room.
func homes(nodes []*node, room string) (ids []string) {
	for _, n := range nodes {
		if _, err := n.rooms.Room(room); err == nil {
			ids = append(ids, n.id)
		}
	}
	return ids
}

// do sends a request and returns its answer, with the body read.
func do(t testing.TB, method, url, body string, header ...string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
		return 0, ""
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
	}
	return response.StatusCode, string(data)
}

// want fails the test unless a request has a status, and reads its JSON.
func want(t testing.TB, status int, into any, method, url, body string, header ...string) {
	t.Helper()
	got, text := do(t, method, url, body, header...)
	if got != status {
		t.Fatalf("%s %s: %d %s, want %d", method, url, got, text, status)
	}
	if into != nil {
		if err := json.NewDecoder(bytes.NewBufferString(text)).Decode(into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, url, err, text)
		}
	}
}

// whip is a room at a node as a client's peer. location has the address of its session.
type whip struct {
	url      string
	location string
	again    string // address to come back by
}

// Offer is rtctest.Peer's.
func (w *whip) Offer(ctx context.Context, sdp string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(sdp))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/sdp")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s %s", response.Status, body)
	}
	w.location = response.Header.Get("Location")
	if again, _, is := strings.Cut(strings.TrimPrefix(response.Header.Get("Link"), "<"), `>; rel="urn:tilemix:resume"`); is {
		at, _ := url.Parse(w.url)
		if at, err := at.Parse(again); err == nil {
			w.again = at.String()
		}
	}
	return string(body), err
}

// enter connects a client to the room demo by WHIP at a node, and returns its session's path.
func enter(t testing.TB, n *node, name string) (location string) {
	t.Helper()
	c := rtctest.New(t, rtctest.Options{})
	w := &whip{url: n.url + "/whip/demo?name=" + name}
	if _, err := c.Connect(t.Context(), w); err != nil {
		t.Fatalf("%s enters at %s: %v", name, n.id, err)
	}
	return w.location
}
