package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// serveAll starts the servers of a scenario: one, or a cluster.
func serveAll(ctx context.Context, settings Settings, s scenario) (nodes []*child, err error) {
	if s.relays == 0 {
		c, err := serve(ctx, settings, s)
		if err != nil {
			return nil, err
		}
		return []*child{c}, nil
	}
	folder, err := os.MkdirTemp("", "tilemix-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) // nodes read the key as they start
	key := filepath.Join(folder, "key")
	if err := os.WriteFile(key, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		return nil, err
	}
	network := make([]byte, 2)
	_, _ = rand.Read(network) // it never fails
	var join []string
	for i := range s.relays + 1 {
		id, at := string(rune('a'+i)), fmt.Sprintf("127.%d.%d.%d:6222", 128+network[0]/2, network[1], i+1)
		media, err := freePort()
		if err != nil {
			return nodes, err
		}
		c, err := serve(ctx, settings, s, slices.Concat(join, []string{
			"--cluster-id", id, "--cluster-listen", at, "--cluster-key", key, "--cluster-busy", "100",
			"--relay-above", strconv.Itoa(s.above()), "--rtc-port", strconv.Itoa(int(media)),
		})...)
		if err != nil {
			return nodes, err
		}
		c.id, c.media = id, media
		nodes, join = append(nodes, c), []string{"--cluster-join", at}
	}
	return nodes, acquaint(ctx, nodes)
}

// above is how many clients each node has where all have as many.
func (s *scenario) above() int { return (s.participants + s.viewers + s.relays) / (s.relays + 1) }

// acquaint waits until each node knows all.
func acquaint(ctx context.Context, nodes []*child) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := call{http: &http.Client{Timeout: patience}}
	defer c.http.CloseIdleConnections()
	for _, n := range nodes {
		for {
			known, err := c.nodes(ctx, n.url)
			if err == nil && len(known) == len(nodes) {
				break
			}
			if late := sleep(ctx, 20*time.Millisecond); late != nil {
				return errors.Join(fmt.Errorf("node %s does not know all: %w", n.id, late), err)
			}
		}
	}
	return nil
}

// nodes asks a server for those of its cluster, and which rooms each has.
func (c *call) nodes(ctx context.Context, server string) (rooms map[string][]string, err error) {
	var all struct {
		Nodes []struct {
			ID    string                  `json:"id"`
			Rooms []struct{ Name string } `json:"rooms"`
		} `json:"nodes"`
	}
	err = c.ask(ctx, http.MethodGet, server+"/api/v1/nodes", nil, &all)
	rooms = map[string][]string{}
	for _, n := range all.Nodes {
		rooms[n.ID] = []string{}
		for _, r := range n.Rooms {
			rooms[n.ID] = append(rooms[n.ID], r.Name)
		}
	}
	return rooms, err
}

// freePort is a port of UDP on the loopback interface that nobody has.
func freePort() (uint16, error) {
	l, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.LocalAddr().(*net.UDPAddr).AddrPort().Port(), nil
}

// stopAll ends processes and waits for them.
func stopAll(nodes []*child) error {
	errs := make([]error, len(nodes))
	_ = each(len(nodes), max(1, len(nodes)), func(i int) error { errs[i] = nodes[i].stop(); return nil })
	return errors.Join(errs...)
}

// forgetAll removes what processes have left.
func forgetAll(nodes []*child) {
	for _, n := range nodes {
		n.forget()
	}
}

// pids are the processes of servers.
func pids(nodes []*child) (all []int) {
	for _, n := range nodes {
		all = append(all, n.pid)
	}
	return all
}
