package signaling

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/scene"
	"tilemix/mcu/still"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/key"
	"tilemix/signaling/access/ticket"
	"tilemix/signaling/attachment"
	"tilemix/signaling/audit"
	"tilemix/signaling/blueprint"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/feed"
)

// Server is what signaling needs of [mcu.Server].
type Server interface {
	Admits(room, name string, g policy.Grant) error
	CheckOffer(sdp string) error
	Join(mcu.JoinOptions) (*mcu.Participant, error)
	Resume(o mcu.JoinOptions, secret string) (who *mcu.Participant, conn int, err error)
	Grant(room, resume string) (policy.Grant, error)
	Act(room string, grant policy.Grant, command control.Message) error
	Attendees(room, selector string) ([]room.Attendee, error)
	Waiting(room string) []scene.Waiter
	Room(name string) (*room.Handle, error)
	Member(room, id string) (*mcu.Participant, error)
	Rooms() []mcu.RoomInfo
	ICEServers() []control.ICEServer
	Collectors() []prometheus.Collector
}

// Config sets limits and what the server has. Start from [Default].
type Config struct {
	MaxBody     int64         // most bytes of a body and of a WebSocket message
	BodyTimeout time.Duration // for a body to arrive
	Offer       time.Duration // for the answer to an offer
	Ping        time.Duration // between pings of a WebSocket; a pong may take as long
	Queue       int           // most messages that wait for one WebSocket; more close it
	Rate        float64       // messages a second that one WebSocket may send; further ones wait
	Burst       int           // messages that one WebSocket may send at once

	// AddressRate is how many joins, offers and ICE restarts one address may send a second; five
	// times as many at once. 0: any. Loopback may always send.
	AddressRate float64
	// KeyRate is how many requests to the API one key, token or invite may send a second; five times
	// as many at once. 0: any.
	KeyRate   float64
	Hosts     []string // names of this server beside localhost and its addresses, as CheckHost takes them
	Origins   []string // whose pages may join, watch and play HLS, as CheckOrigin takes them
	Embedders []string // origins whose pages may show this server's in a frame, as CheckOrigin takes them

	Prefix  string         // of the path by which clients reach the server behind a proxy; "", or as CheckPrefix takes it
	Trusted []netip.Prefix // proxies whose X-Forwarded-For and X-Forwarded-Prefix count

	// Changes gets what takes Hosts, Origins, Embedders and both rates over from another Config while the
	// site is served. It may be called at any time. nil: nothing changes.
	Changes func(change func(Config))

	// Trace begins the trace of a request of a route. id is what the log and X-Request-Id call the request, "" for
	// one that is not traced. end gets what the request's line in the log has. nil: no request is traced.
	Trace func(method, route string) (id string, end func(line []slog.Attr))

	Drain       func(within time.Duration) (end time.Time, err error) // begins to stop the server; nil: programs cannot
	Undrain     func()                                                // undoes Drain; nil: programs cannot
	Node        string                                                // ID of this server in a cluster; "": there is none
	Conditions  func() []Condition                                    // of the server, for /readyz and /healthz; nil: none is looked at
	Spread      func(site http.Handler) http.Handler                  // takes requests first, and hands on those that another node of a cluster is to answer; nil: the site answers all
	Nodes       func() []directory.Node                               // of the cluster; nil: there is none
	Relay       func(room string) (node string)                       // by which a further viewer is to receive a room of this server, "" for this one; nil: none is
	Peers       func() []string                                       // origins of the other nodes, in lower case; nil: there are none
	Collectors  []prometheus.Collector                                // of other parts of the process, for /metrics
	Metrics     func(http.Handler)                                    // gets what serves /metrics to all who reach it, and the site does not; nil: the site does
	Gate        *access.Gate                                          // nil: rooms are open, and only programs of this machine manage them
	Audit       func(audit.Entry)                                     // gets what was decided on requests, and must not wait; nil: nobody does
	Events      *feed.Feed                                            // that programs listen to; nil: none
	Shelf       *book.Shelf                                           // of what was decided about rooms; nil: nothing can be
	Keys        *key.Ring                                             // that programs may list and remove; nil: they cannot
	Layouts     *blueprint.Shelf                                      // that programs put; nil: none outlives the process
	Invites     *invite.Invites                                       // nil: no invites
	Bans        *ban.Bans                                             // nil: no bans
	Gateway     Gateway                                               // nil: no outputs and inputs
	Via         *via.Rooms                                            // the Gateway's; nil: pushes that form a loop are not refused
	Recorder    Recorder                                              // nil: no recordings
	Broadcaster Broadcaster                                           // nil: no broadcasts
	Stills      *still.Taker                                          // nil: no single pictures of rooms
	Attachments *attachment.Store                                     // nil: no files in the chat
}

// Default is the configuration for production.
func Default() Config {
	return Config{
		MaxBody:     64 << 10,
		BodyTimeout: 10 * time.Second,
		Offer:       10 * time.Second,
		Ping:        15 * time.Second,
		Queue:       256,
		Rate:        20,
		Burst:       100,
		AddressRate: 10,
		KeyRate:     20,
	}
}

// New returns the whole HTTP side of srv. It starts nothing: goroutines live as long as
// the requests and WebSockets, which end when srv ends. It fails when an embedded file is
// missing or two collectors have one name.
func New(srv Server, cfg Config, log *slog.Logger) (http.Handler, error) {
	s, err := newSite(srv, cfg, log)
	if err != nil {
		return nil, fmt.Errorf("signaling: %w", err)
	}
	m := middleware{log, s.guard.refusals, rate.NewLimiter(fewRate, fewBurst), cfg.Trace}
	metrics, routes := route{"GET HEAD", "/metrics", "metrics", s.metrics}, s.routes()
	if cfg.Metrics == nil {
		routes = append(routes, metrics)
	} else {
		e := m.around(m.logged, s.guard.named, m.recovered)
		e.Match(strings.Fields(metrics.methods), metrics.path, metrics.serve)
		cfg.Metrics(front{trusted: cfg.Trusted, next: e})
	}
	e := m.around(m.logged, cfg.bodies().punctual, s.guard.secured, s.guard.named, s.guard.crossOrigin, m.recovered)
	for _, r := range routes {
		e.Match(strings.Fields(r.methods), r.path, s.permit.asks(r))
	}
	var next http.Handler = e
	if cfg.Spread != nil {
		next = cfg.Spread(e)
	}
	return front{prefix: cfg.Prefix, trusted: cfg.Trusted, next: next}, nil
}

// newSite makes what serves each resource.
func newSite(srv Server, cfg Config, log *slog.Logger) (*site, error) {
	counts, g := newSocketCounts(), cfg.guard(log)
	shown, err := metrics(srv, cfg, append(counts.collectors(), g.refusals)...)
	if err != nil {
		return nil, err
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	bodies, sessions := cfg.bodies(), newWHIPSessions()
	publishers := &whip{srv: srv, sessions: sessions, bodies: bodies, patience: cfg.Offer, via: cfg.Via}
	s := &site{
		guard:   g,
		permit:  permit{cfg.gate(srv), g, cfg.Audit, newOnce(cfg.MaxBody), former{publishers}.returning, cfg.Invites},
		whip:    publishers,
		whep:    &whip{srv: srv, sessions: sessions, bodies: bodies, patience: cfg.Offer, viewers: true, relay: cfg.Relay, node: cfg.Node},
		sockets: &sockets{srv: srv, cfg: cfg, log: log, counts: counts, guard: g},
		pages:   pages,
		people:  &people{srv, bodies},
		lobbies: &lobbies{srv, &people{srv, bodies}},
		status:  &status{srv, cfg.Conditions, cfg.Drain, cfg.Undrain, cfg.Node, bodies, cfg.Broadcaster},
		layouts: newLayouts(bodies, cfg.Layouts),
		keys:    &keys{cfg.Keys}, metrics: shown, nodes: &nodes{cfg.Nodes},
	}
	s.stats, s.streams = newStatistics(srv, s.permit.gate), newEventStreams(s.sockets, bodies)
	large := bodies
	large.max = maxOverlays
	s.overlays = &overlays{srv, cfg.Shelf, large}
	if cfg.Recorder != nil {
		s.recordings = &recordings{cfg.Recorder, bodies, ticket.New()}
	}
	if cfg.Events != nil {
		s.events = &events{cfg.Events, s.permit.gate}
	}
	if cfg.Invites != nil {
		s.invites = &invites{cfg.Invites, bodies}
	}
	if cfg.Shelf != nil {
		s.rooms = &rooms{srv, cfg.Shelf, bodies}
	}
	if cfg.Bans != nil {
		s.bans = &bans{cfg.Bans}
	}
	if cfg.Gateway != nil {
		s.outputs = &gatewayLinks{cfg.Gateway, bodies, gateway.Output, "outputs"}
		s.inputs = &gatewayLinks{cfg.Gateway, bodies, gateway.Input, "inputs"}
	}
	if cfg.Attachments != nil {
		s.attachments = &attachments{srv, cfg.Attachments}
	}
	if cfg.Stills != nil {
		s.pictures = &pictures{cfg.Stills}
	}
	if cfg.Broadcaster != nil {
		s.broadcasts = &broadcasts{cfg.Broadcaster, bodies}
	}
	return s, nil
}

// gate returns what decides on secrets and rights.
func (c Config) gate(srv Server) *access.Gate {
	if c.Gate != nil {
		return c.Gate
	}
	return access.OpenGate(Members(srv))
}

// bodies returns what reads the bodies of requests.
func (c Config) bodies() bodies { return bodies{c.MaxBody, c.BodyTimeout} }

// guard returns what decides on hosts, origins and rates.
func (c Config) guard(log *slog.Logger) *guard {
	peers := c.Peers
	if peers == nil {
		peers = func() []string { return nil }
	}
	g := &guard{
		peers:   peers,
		buckets: newBuckets[netip.Prefix](c.AddressRate), keys: newBuckets[[sha256.Size]byte](c.KeyRate), refusals: newRefusals(log),
	}
	g.change(c)
	if c.Changes != nil {
		c.Changes(g.change)
	}
	return g
}

// Code returns the code of an error where it says more than a status, else "". The Config does not matter.
func (Config) Code(err error) string {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Code
	}
	for _, c := range codesOf {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return ""
}
