package cluster_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/signaling/cluster"
	"tilemix/signaling/cluster/directory"
)

// nodesOf is what GET /api/v1/nodes answers.
type nodesOf struct {
	Nodes []struct {
		ID, State, Inside string
		People            int
		Rooms             []struct {
			Name   string
			People int
		}
	}
}

// TestLanding has clients use each node for a room of one of them: WHIP with its session, WHEP, WebSocket and
// the API.
func TestLanding(t *testing.T) {
	nodes := three(t)
	location := enter(t, nodes[0], "Ada")
	home := homes(nodes, "demo")
	if len(home) != 1 {
		t.Fatalf("the room is at %v", home)
	}
	at := slices.IndexFunc(nodes, func(n *node) bool { return n.id == home[0] })
	poll.Until(t, "Ada has a seat", func() bool { return nodes[at].people()["demo"] == 1 })
	for i, n := range nodes {
		poll.Until(t, "the room at "+n.id, func() bool {
			var room struct{ Participants int }
			status, _ := do(t, http.MethodGet, n.url+"/api/v1/rooms/demo", "")
			if status != http.StatusOK {
				return false // its list of rooms has not come yet
			}
			want(t, http.StatusOK, &room, http.MethodGet, n.url+"/api/v1/rooms/demo", "")
			return room.Participants == 1+i
		})
		enter(t, n, "Ben"+n.id)
		poll.Until(t, "Ben has a seat", func() bool { return nodes[at].people()["demo"] == 2+i })
		//nolint:bodyclose // Dial has closed it
		conn, response, err := websocket.Dial(t.Context(), strings.Replace(n.url, "http", "ws", 1)+"/ws/demo?name=Eve", nil)
		if err != nil {
			t.Fatalf("WebSocket at %s: %v, %v", n.id, response, err)
		}
		if _, message, err := conn.Read(t.Context()); err != nil || !strings.Contains(string(message), `"welcome"`) {
			t.Errorf("WebSocket at %s: %s, %v", n.id, message, err)
		}
		_ = conn.CloseNow()
		var others nodesOf
		want(t, http.StatusOK, &others, http.MethodGet, n.url+"/api/v1/nodes", "")
		if len(others.Nodes) != 3 || others.Nodes[i].ID != n.id || others.Nodes[at].Rooms[0].Name != "demo" {
			t.Errorf("%s knows %+v", n.id, others)
		}
	}
	if again := homes(nodes, "demo"); !slices.Equal(again, home) {
		t.Errorf("the room is at %v, and was at %v", again, home)
	}
	away := nodes[(at+1)%3]
	want(t, http.StatusOK, nil, http.MethodDelete, away.url+location, "")
	want(t, http.StatusNotFound, nil, http.MethodDelete, away.url+location, "")
	want(t, http.StatusNotFound, nil, http.MethodGet, away.url+"/api/v1/rooms/none", "")
	want(t, http.StatusBadRequest, nil, http.MethodPost, away.url+"/whip/demo", "v=0", "Content-Type", "application/sdp")
}

// TestOneRoom has 60 clients come to three nodes at once, for each of some new names: all meet in one room.
func TestOneRoom(t *testing.T) {
	nodes := three(t)
	offer, err := rtctest.New(t, rtctest.Options{}).Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rounds := 2
	if n, err := strconv.Atoi(os.Getenv("TILEMIX_ROUNDS")); err == nil { // 100 takes minutes
		rounds = n
	}
	for round := range rounds {
		room, heard := fmt.Sprint("new", round), hearing(t, nodes)
		var group sync.WaitGroup
		for i := range 60 {
			group.Go(func() {
				status, text := do(t, http.MethodPost, nodes[i%3].url+"/whip/"+room, offer, "Content-Type", "application/sdp")
				if status != http.StatusCreated {
					t.Errorf("client %d: %d %s", i, status, text)
				}
			})
		}
		group.Wait()
		all := heard()
		switch at := homes(nodes, room); {
		case len(at) == 1:
		case !all:
			t.Logf("not judged: %s is at %v while a node was silent", room, at)
		default:
			t.Fatalf("%s is at %v", room, at)
		}
		for _, n := range nodes {
			if err := n.rooms.Act(room, policy.Grant{Role: policy.Host, Rights: policy.All()}, control.End{}); err != nil && !errors.Is(err, mcu.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
}

// hearing watches whether all nodes hear each other. A node that is not heard for a second, as on a machine that is much too
// busy, may have a room that begins meanwhile begin at two nodes.
func hearing(t *testing.T, nodes []*node) (all func() bool) {
	t.Helper()
	end, silent := make(chan struct{}), make(chan bool)
	go func() {
		was := false
		for {
			for _, n := range nodes {
				was = was || slices.ContainsFunc(n.cluster.Nodes(), func(d directory.Node) bool { return d.State == directory.Silent })
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case silent <- was:
				return
			case <-end:
				return
			}
		}
	}()
	t.Cleanup(func() { close(end) })
	return func() bool { return !<-silent }
}

// TestRedirect: a client without a token is sent to the home of its room, which then has its session. One with a token,
// and a page, are handed on.
func TestRedirect(t *testing.T) {
	redirects := func(c *cluster.Config) { c.Redirect = true }
	same := func(data []byte) []byte { return data }
	a := startWith(t, redirects, "a", secret, freePort(t), same)
	b := startWith(t, redirects, "b", secret, freePort(t), same, a.routes)
	nodes := []*node{a, b}
	for _, n := range nodes {
		n.knows(t, "a", "b")
	}
	enter(t, a, "Ada")
	home, other := a, b
	if at := homes(nodes, "demo"); at[0] == "b" {
		home, other = b, a
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(path, header string) (status int, location string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, other.url+path, strings.NewReader("no offer"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/sdp")
		if header != "" {
			r.Header.Set(header, "http://token.example")
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode, response.Header.Get("Location")
	}
	for _, path := range []string{"/whip/demo?name=Ben", "/whep/demo"} {
		if status, at := ask(path, ""); status != http.StatusTemporaryRedirect || at != home.url+path {
			t.Errorf("%s is answered by %d %s", path, status, at)
		}
		for _, header := range []string{"Authorization", "Origin"} {
			if status, at := ask(path, header); status == http.StatusTemporaryRedirect {
				t.Errorf("with %s, %s is sent to %s", header, path, at)
			}
		}
	}
	enter(t, other, "Ben") // by the redirection
	poll.Until(t, "both are in one room", func() bool { return home.people()["demo"] == 2 && len(homes(nodes, "demo")) == 1 })
}

// TestStrangers: nodes with another key are no part of the cluster, whose calls go on. The log names them.
func TestStrangers(t *testing.T) {
	a := start(t, "a", secret)
	b := start(t, "b", secret, a.routes)
	other := start(t, "other", secret+"x", a.routes)
	twin := start(t, "a", secret, b.routes)
	b.knows(t, "a", "b")
	a.knows(t, "a", "b")
	other.knows(t, "other")
	poll.Until(t, "the log names the twin", func() bool {
		return strings.Contains(b.log.String(), "two nodes have one ID") && strings.Contains(twin.log.String(), "another node has this one's ID")
	})
	poll.Until(t, "the log names the other key", func() bool { return strings.Contains(a.log.String(), "TLS route handshake error") })
	response, err := http.Get("http://" + insideOf(t, a, "a") + "/whip/demo")
	if err == nil {
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest { // HTTP to a server of HTTPS
			t.Errorf("without a key: %s", response.Status)
		}
	}
}

func insideOf(t *testing.T, n *node, id string) string {
	t.Helper()
	for _, o := range n.cluster.Nodes() {
		if o.ID == id {
			return o.Inside
		}
	}
	t.Fatalf("%s does not know %s", n.id, id)
	return ""
}
