package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tilemix/cmd/tilemix/drain"
	"tilemix/cmd/tilemix/revive"
	"tilemix/cmd/tilemix/startup"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/relay"
	"tilemix/signaling"
	"tilemix/signaling/cluster"
	"tilemix/signaling/cluster/bus"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/load"
	"tilemix/signaling/cluster/seal"
)

// clusterSettings make several servers one.
type clusterSettings struct {
	ClusterListen string   `placeholder:"ADDRESS" help:"Address of this server for the other nodes of its cluster, such as 10.0.0.1:6222. It takes messages on this port, and requests on the next one."`
	ClusterJoin   []string `placeholder:"NODE" help:"Address of another node of the cluster, its --cluster-listen. One that runs is enough, and it names the others. Repeatable."`
	ClusterKey    string   `placeholder:"FILE" help:"File with the key of the cluster, at least 32 bytes, the same at each node."`
	ClusterID     string   `name:"cluster-id" env:"TILEMIX_CLUSTER_ID" placeholder:"NAME" help:"Name of this node, unlike that of any other. By default the machine's."`
	NATS          string   `name:"nats" env:"TILEMIX_NATS" placeholder:"URL" help:"NATS server that carries the messages of the cluster, such as nats://10.0.0.9:4222, in place of the nodes' own."`
	ClusterBusy   percent  `default:"80" placeholder:"PERCENT" help:"Load of this machine's processors from which this node gets no new rooms, 1 to 100. 100 sets no limit."`
	RelayAbove    natural  `placeholder:"NUMBER" help:"Clients of a room at the node that mixes it, from which further viewers receive it by other nodes of the cluster. By default all receive it from the node that mixes it."`
	Redirect      bool     `help:"Send WHIP and WHEP clients without a token to the node that mixes their room, by status 307, in place of handing their requests on."`
	member        *member  `kong:"-"` // nil without a cluster
}

// percent is a whole number from 1 to 100.
type percent int

// UnmarshalText reads a percent. kong uses it for flags, environment and file.
func (p *percent) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > 100 {
		return fmt.Errorf("must be a whole number from 1 to 100, not %q", text)
	}
	*p = percent(n)
	return nil
}

// member is this server's part in a cluster. A nil one has none.
type member struct {
	cfg     cluster.Config
	bus     *bus.Bus
	cluster *cluster.Cluster
}

// newMember opens what other nodes connect to, as the settings say, and returns nil if there is no cluster. url
// is where clients find this server. It starts nothing.
func newMember(ctx context.Context, s *settings, url string, log *slog.Logger) (*member, error) {
	switch {
	case s.ClusterListen == "" && (len(s.ClusterJoin) > 0 || s.ClusterKey != "" || s.ClusterID != "" || s.NATS != "" || s.RelayAbove > 0 || s.Redirect):
		return nil, errors.New("a cluster needs --cluster-listen HOST:PORT, where the other nodes find this one")
	case s.ClusterListen == "":
		return nil, nil
	case s.ClusterKey == "":
		return nil, errors.New("--cluster-listen needs --cluster-key FILE: make a key by openssl rand -base64 32, and give it to each node")
	case s.RelayAbove > 0 && int(s.RelayAbove) >= int(s.MaxParticipants):
		return nil, fmt.Errorf("--relay-above %d: must be less than --max-participants %d, because from that number on a room is full", s.RelayAbove, s.MaxParticipants)
	case s.NATS != "" && len(s.ClusterJoin) > 0:
		return nil, errors.New("--nats carries the messages of the cluster, so that --cluster-join does nothing: leave one away")
	}
	key, err := seal.Load(s.ClusterKey)
	if err != nil {
		return nil, fmt.Errorf("--cluster-key: %w", err)
	}
	inside, err := nextPort(s.ClusterListen)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", inside)
	if err != nil {
		return nil, fmt.Errorf("--cluster-listen takes requests of other nodes on the next port: %w", err)
	}
	id := s.ClusterID
	if id == "" {
		if id, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("--cluster-id: %w", err)
		}
	}
	run := rand.Text()[:8]
	return &member{
		cfg: cluster.Config{
			ID: id, Run: run, Version: startup.This().Version, URL: url, Inside: reachable(listener.Addr()), Key: key,
			Above: int(s.RelayAbove), Redirect: s.Redirect, Alone: len(s.ClusterJoin) == 0 && s.NATS == "", Most: int(s.MaxRooms), Limit: float64(s.ClusterBusy) / 100, Listener: listener,
		},
		bus: bus.New(bus.Config{Name: id + "-" + run, Listen: s.ClusterListen, Join: s.ClusterJoin, URL: s.NATS, Key: key}, log),
	}, nil
}

// nextPort returns an address with the port after its own.
func nextPort(at string) (string, error) {
	host, text, err := net.SplitHostPort(at)
	if err != nil {
		return "", fmt.Errorf("--cluster-listen: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || port == 65535 {
		return "", fmt.Errorf("--cluster-listen %s: the port must be a number from 1 to 65534", at)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)+1)), nil
}

// reachable returns the address by which other machines reach a listener. For one that listens on all
// addresses it is the first of this machine that is not its own alone.
func reachable(at net.Addr) string {
	bound, err := netip.ParseAddrPort(at.String())
	if err != nil || !bound.Addr().IsUnspecified() {
		return at.String()
	}
	all, _ := net.InterfaceAddrs() // none: other nodes cannot reach this one
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
			return netip.AddrPortFrom(p.Addr().Unmap(), bound.Port()).String()
		}
	}
	return bound.String()
}

// join connects the rooms and their HTTP side with the cluster.
func (m *member) join(site *signaling.Config, rooms *mcu.Server, again *revive.Revival, d *drain.Drain, log *slog.Logger) (err error) {
	if m == nil {
		return nil
	}
	meter := load.New()
	m.cfg.Load = func() (int, float64) { return meter.Look(time.Now()) }
	m.cfg.Draining = func() bool { return d.Err() != nil }
	m.cfg.Has = func(room string) bool {
		_, err := rooms.Room(room)
		return err == nil || len(rooms.Waiting(room)) > 0
	}
	m.cfg.Holds = func(id string) bool {
		_, err := site.Recorder.Get("", id)
		return err == nil
	}
	m.cfg.People = func() map[string]int {
		people := map[string]int{}
		for _, r := range rooms.Rooms() {
			people[r.Name] = r.Participants + r.Viewers
		}
		return people
	}
	m.cfg.Adopt, m.cfg.Shelf, m.cfg.Entered, m.cfg.Relays = again.Adopt, site.Shelf, rooms.Inside, rooms.Relays
	m.cfg.Relocate = func(room, url string) {
		again.Gone(room)
		rest := 0
		if end := d.End(); !end.IsZero() {
			rest = max(1, int(time.Until(end).Seconds()))
		}
		rooms.Tell(room, control.Relocate{URL: url, From: m.cfg.URL, ClosesIn: rest})
	}
	if m.cluster, err = cluster.New(m.cfg, m.bus, log); err != nil {
		return fmt.Errorf("--cluster-id: %w", err)
	}
	again.Follow(m.cluster.Follow)
	site.Collectors = append(site.Collectors, m.cluster.Collector())
	site.Spread, site.Nodes, site.Node, site.Peers = m.cluster.Spread, m.cluster.Nodes, m.cfg.ID, m.cluster.Peers
	if m.cfg.Above > 0 {
		site.Relay = m.cluster.Relays.Choose
	}
	return nil
}

// relay returns what hands offers of this server, as a relay, to the homes of rooms; nil without a cluster.
func (m *member) relay() func(ctx context.Context, room string, p relay.Part, offer string) (string, error) {
	if m == nil {
		return nil
	}
	return func(ctx context.Context, room string, p relay.Part, offer string) (string, error) {
		return m.cluster.Relays.Exchange(ctx, room, p, offer)
	}
}

// moves tells whether there is another node to which rooms can go.
func (m *member) moves() bool {
	if m == nil || m.cluster == nil {
		return false
	}
	return slices.ContainsFunc(m.cluster.Nodes(), func(n directory.Node) bool {
		return n.ID != m.cfg.ID && n.State == directory.Serving
	})
}

// stays has events left out that say of a room which goes on at another node that it ends here.
func (m *member) stays(post func(event.Event)) func(event.Event) {
	if m == nil {
		return post
	}
	return func(e event.Event) {
		if (e.Type == event.ParticipantLeft || e.Type == event.RoomEnded) && m.cluster != nil && m.cluster.Gone(e.Room) {
			return
		}
		post(e)
	}
}

// Post takes note of what happens in rooms. It never blocks.
func (m *member) Post(e event.Event) {
	if m != nil && m.cluster != nil && (strings.HasPrefix(string(e.Type), "room.") || strings.HasPrefix(string(e.Type), "participant.")) {
		m.cluster.Changed()
	}
}

// parts are what runs beside the rooms: nothing without a cluster.
func (m *member) parts() []runner {
	if m == nil {
		return nil
	}
	return []runner{m.cluster}
}
