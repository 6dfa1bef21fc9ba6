package cluster_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/signaling/cluster/directory"
)

// later returns a message as the next version of the program may send it: with a version one higher, and a field
// that this one does not know.
func later(data []byte) []byte {
	var fields map[string]any
	if json.Unmarshal(data, &fields) != nil {
		return data
	}
	if fields["protocol"] != nil {
		fields["protocol"] = directory.Protocol + 1
	}
	fields["later"] = map[string]any{"than": "now"}
	data, _ = json.Marshal(fields) // it was JSON
	return data
}

// TestUpgrade replaces the nodes of a cluster by ones of the next version, one after the other: the room of two
// clients goes from node to node, and they stay who they are.
func TestUpgrade(t *testing.T) {
	a := start(t, "a", secret)
	b := start(t, "b", secret, a.routes)
	for _, n := range []*node{a, b} {
		n.knows(t, "a", "b")
	}
	rove(t, a, "Ada")
	poll.Until(t, "Ada is there", func() bool { return len(homes([]*node{a, b}, "demo")) == 1 })
	old := []*node{a, b}
	if homes(old, "demo")[0] == "b" {
		old = []*node{b, a}
	}
	rove(t, old[1], "Ben")
	poll.Until(t, "Ben is there", func() bool { return len(seated(old[0])) == 2 })
	before := seated(old[0])

	c := startLater(t, "c", old[1].routes, old[0].routes)
	for _, n := range []*node{a, b, c} {
		n.knows(t, "a", "b", "c")
	}
	old[1].draining.Store(true) // so that the room goes to c
	old[0].draining.Store(true)
	poll.Until(t, "the room is at the new node", func() bool { return slices.Equal(seated(c), before) && len(seated(old[0])) == 0 })
	d := startLater(t, "d", c.routes)
	d.knows(t, "c", "d")
	c.draining.Store(true)
	poll.Until(t, "the room goes on between new nodes", func() bool { return slices.Equal(seated(d), before) && len(seated(c)) == 0 })
}

func startLater(t *testing.T, id string, join ...string) *node {
	t.Helper()
	return startAs(t, id, secret, freePort(t), later, join...)
}

// TestForged: what is like the secret that a client comes back with, and is not, lets nobody in, at any node. The
// client whose it is stays.
func TestForged(t *testing.T) {
	a := start(t, "a", secret)
	b := start(t, "b", secret, a.routes)
	nodes := []*node{a, b}
	for _, n := range nodes {
		n.knows(t, "a", "b")
	}
	client := rtctest.New(t, rtctest.Options{})
	w := &whip{url: a.url + "/whip/demo?name=Ada"}
	if _, err := client.Connect(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	is := regexp.MustCompile(`[^/=]+$`).FindString(w.again)
	for name, forged := range map[string]string{
		"another": strings.Repeat("A", len(is)), "shorter": is[:len(is)-1], "longer": is + "A", "none": "", "path": "../demo", "NUL": "%00",
	} {
		for _, n := range nodes {
			at := n.url + strings.TrimPrefix(strings.TrimSuffix(w.again, is), a.url) + forged
			status, body := do(t, http.MethodPost, at, "v=0", "Content-Type", "application/sdp")
			if status < 400 || status >= 500 {
				t.Errorf("%s at %s: %d %s", name, n.id, status, body)
			}
		}
	}
	at := -1
	poll.Until(t, "Ada has a seat", func() bool {
		at = slices.IndexFunc(nodes, func(n *node) bool { return len(seated(n)) > 0 })
		return at >= 0
	})
	if got := seated(nodes[at]); len(got) != 1 || !strings.HasPrefix(got[0], "Ada ") {
		t.Errorf("in the room are %v", got)
	}
}
