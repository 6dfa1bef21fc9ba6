package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Variables of TestNetworks: how long its faults last, and that the process is in a network of its own.
const (
	faultVariable  = "TILEMIX_FAULT"
	insideVariable = "TILEMIX_IN_NETWORK"
)

// networks has three nodes on one network for clients and one between nodes, each node a machine of its own as far as
// the network goes. The test's process and its clients are in the middle.
type networks struct {
	*fleet
	name    string // beginning of the names of the nodes' namespaces
	members []*guest
}

// guest is a participant with the program's own client.
type guest struct {
	name, entry string
	mu          sync.Mutex
	said        strings.Builder
}

// Write is io.Writer's.
func (m *guest) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said.Write(b)
}

// joins counts how often the participant joined.
func (m *guest) joins() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Count(m.said.String(), "joined demo")
}

func (n *networks) ip(arguments ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %v: %v %s", arguments, err, out)
	}
}

// at runs ip in the namespace of a node.
func (n *networks) at(id string, arguments ...string) {
	n.t.Helper()
	n.ip(append([]string{"-n", n.name + id}, arguments...)...)
}

// build makes the networks: 10.77.0.0/24 for clients, where the test is .1, and 10.78.0.0/24 between nodes.
func (n *networks) build(ids []string) {
	n.ip("link", "set", "lo", "up")
	for _, bridge := range []string{"clients", "cluster"} {
		n.ip("link", "add", bridge, "type", "bridge")
		n.ip("link", "set", bridge, "up")
	}
	n.ip("addr", "add", "10.77.0.1/24", "dev", "clients")
	for i, id := range ids {
		n.ip("netns", "add", n.name+id)
		n.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n.name+id).Run() })
		n.at(id, "link", "set", "lo", "up")
		for net, bridge := range []string{"clients", "cluster"} {
			near := bridge + id
			n.ip("link", "add", near, "type", "veth", "peer", "name", "eth"+strconv.Itoa(net), "netns", n.name+id)
			n.ip("link", "set", near, "master", bridge, "up")
			n.at(id, "addr", "add", fmt.Sprintf("10.%d.0.1%d/24", 77+net, i+1), "dev", "eth"+strconv.Itoa(net))
			n.at(id, "link", "set", "eth"+strconv.Itoa(net), "up")
		}
	}
}

// serve starts the nodes.
func (n *networks) serve(ids []string) {
	key := filepath.Join(n.t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		n.t.Fatal(err)
	}
	keys := n.t.TempDir()
	secret, err := exec.Command("tilemix", "key", "add", "test", "--data-dir", keys, "--scope", "rooms:read,moderate").Output()
	if err != nil {
		n.t.Fatal(err)
	}
	n.secret = strings.TrimSpace(string(secret))
	for i, id := range ids {
		dir := n.t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(keys)); err != nil {
			n.t.Fatal(err)
		}
		clients, nodes := fmt.Sprintf("10.77.0.1%d", i+1), fmt.Sprintf("10.78.0.1%d:6222", i+1)
		command := exec.Command("ip", "netns", "exec", n.name+id, "tilemix", "serve", "--listen", clients+":8080", "--media-listen", clients, "--log-level", "error",
			"--data-dir", dir, "--cluster-busy", "100", "--cluster-key", key, "--cluster-id", id, "--cluster-listen", nodes)
		if i > 0 {
			command.Args = append(command.Args, "--cluster-join", "10.78.0.11:6222")
		}
		started(n.t, command)
		n.t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
		n.nodes[id] = &vessel{url: "http://" + clients + ":8080", process: command.Process}
	}
	for _, id := range ids {
		n.await(id+" answers", func() bool { return n.get(id, "/livez", nil) == http.StatusOK })
		n.await(id+" knows all", func() bool { return len(n.serving(id)) == len(ids) })
	}
}

// enter has a participant join by a node.
func (n *networks) enter(id, name string) *guest {
	n.t.Helper()
	m := &guest{name: name, entry: id}
	client := exec.Command("tilemix", "join", n.nodes[id].url+"/r/demo", "--name", name, "--camera", "test", "--mic", "test", "--size", "320x180", "--frame-rate", "15")
	client.Stdout, client.Stderr = m, m
	if err := client.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = client.Process.Signal(syscall.SIGINT); _ = client.Wait() })
	n.members = append(n.members, m)
	n.t.Cleanup(func() {
		if n.t.Failed() {
			m.mu.Lock()
			defer m.mu.Unlock()
			n.t.Logf("%s, who came by %s, said:\n%s", m.name, m.entry, m.said.String())
		}
	})
	n.await(name+" is there", func() bool { return m.joins() == 1 && n.there(id, name) })
	return m
}

// there tells whether somebody is in the room, as a node knows it.
func (n *networks) there(by, name string) bool {
	var all struct{ Participants []struct{ Name string } }
	n.get(by, "/api/v1/rooms/demo/participants", &all)
	return slices.ContainsFunc(all.Participants, func(p struct{ Name string }) bool { return p.Name == name })
}

// fault lasts for a while, in which all nodes stay alive. is is checked again and again.
func (n *networks) fault(name string, lasts time.Duration, begin, end func(), is func() string) {
	n.t.Helper()
	begin()
	for over := time.Now().Add(lasts); time.Now().Before(over); time.Sleep(200 * time.Millisecond) {
		if wrong := is(); wrong != "" {
			n.t.Errorf("%s: %s", name, wrong)
			break
		}
	}
	end()
}

// TestNetworks has the network of three nodes fail: no messages between nodes, a home that only clients reach, and a
// home that nobody reaches. It runs for as long as TILEMIX_FAULT says, such as 60s.
func TestNetworks(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv(faultVariable))
	if err != nil {
		t.Skip(faultVariable + " says how long faults of the network are to last")
	}
	if os.Getenv(insideVariable) == "" {
		again := exec.Command("unshare", "--net", os.Args[0], "-test.run", "^TestNetworks$", "-test.v", "-test.timeout", "10m")
		again.Env = append(os.Environ(), insideVariable+"=1")
		out, err := again.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(errors.Join(err, errors.New("in a network of its own, which takes the right to make one")))
		}
		return
	}
	ids := []string{"a", "b", "c"}
	n := &networks{fleet: &fleet{t: t, nodes: map[string]*vessel{}}, name: "tilemix" + strconv.Itoa(os.Getpid())}
	n.build(ids)
	n.serve(ids)
	n.enter("a", "Ada")
	home := n.home("a")
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == home })
	n.enter(others[0], "Ben")
	n.enter(others[1], "Cid")
	calm := func() string {
		for _, m := range n.members {
			if m.joins() != 1 {
				return m.name + " had to join again"
			}
		}
		for _, id := range ids {
			if n.get(id, "/livez", nil) != http.StatusOK {
				return id + " is not alive"
			}
		}
		return ""
	}
	const port = "6222"
	n.fault("no messages", lasts, func() {
		for _, id := range ids {
			n.at(id, "rule", "add", "ipproto", "tcp", "dport", port, "blackhole")
			n.at(id, "rule", "add", "ipproto", "tcp", "sport", port, "blackhole")
		}
	}, func() {
		n.enter(others[0], "Dan") // by a node that knows the room
		for _, id := range ids {
			n.at(id, "rule", "del", "ipproto", "tcp", "dport", port, "blackhole")
			n.at(id, "rule", "del", "ipproto", "tcp", "sport", port, "blackhole")
		}
	}, calm)
	began := time.Now()
	n.await("all know each other again", func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return len(n.serving(id)) != 3 })
	})
	t.Logf("no messages for %v: nobody had to join again; the nodes know each other %v after it", lasts, time.Since(began).Round(time.Millisecond))
	if now := n.home(others[0]); now != home || !n.there(others[0], "Dan") {
		t.Errorf("the room is at %q, and was at %q", now, home)
	}

	var eve *guest
	n.fault("split", lasts/2, func() {
		n.at(home, "link", "set", "eth1", "down")
		eve = n.enter(others[0], "Eve") // the other side begins a room of its own
	}, func() { n.at(home, "link", "set", "eth1", "up") }, calm)
	began = time.Now()
	n.await("there is one room", func() bool { return n.there(home, "Eve") && n.there(home, "Ada") && n.there(home, "Dan") })
	t.Logf("a split of %v: one room %v after it", lasts/2, time.Since(began).Round(time.Millisecond))
	if eve.joins() != 1 {
		t.Logf("Eve joined %d times", eve.joins())
	}

	n.await("the home is known", func() bool { home = n.home(others[0]); return home != "" })
	n.ip("link", "set", "clients"+home, "down")
	n.ip("link", "set", "cluster"+home, "down")
	began = time.Now()
	for _, m := range n.members {
		if m.entry == home {
			continue // it knows no other
		}
		n.await(m.name+" is back", func() bool {
			by := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == home })
			next := n.home(by[0])
			return next != "" && next != home && n.there(next, m.name)
		})
		t.Logf("the home %s is gone: %s is back after %v", home, m.name, time.Since(began).Round(time.Millisecond))
	}
}
