// Package bus carries messages between the nodes of a cluster, by NATS.
//
//	Publish, Ask ─▶ seal ─▶ NATS in this process ═ routes, TLS ═ NATS of the other nodes ─▶ open ─▶ Hear, Answer
//	                        or one that exists (Config.URL)
//
// A message is delivered at most once, and nothing is stored. Without a bus the nodes go on as they are.
// Each message is sealed with the cluster's key, so that nobody but nodes reads or makes one, also on a NATS
// that others use. What cannot be opened, or is longer than MaxMessage, is counted, dropped, and logged once
// a minute.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tilemix/signaling/cluster/seal"
)

// MaxMessage (256 KiB) bounds a message.
const MaxMessage = 256 << 10

const (
	startTimeout = 10 * time.Second
	reconnect    = time.Second     // between two tries to reach a NATS, or a node
	alive        = time.Second     // between two pings on a route
	retries      = 600             // tries to reach a node that nobody named, one a second
	noteEvery    = time.Minute     // between two lines about messages that are refused
	goodbye      = 2 * time.Second // for the last messages to leave
)

// ErrAway is returned while there is no bus.
var ErrAway = errors.New("the message bus of the cluster is not connected")

// Config is what a bus needs.
type Config struct {
	Name   string    // of this process, unlike that of any other
	Listen string    // host:port that takes routes of other nodes
	Join   []string  // host:port of nodes
	URL    string    // of a NATS that exists; "": each node has its own
	Key    *seal.Key // of the cluster
}

// Bus is a connection to the other nodes. It is safe for concurrent use. Its goroutines are those of NATS,
// which live as long as Run.
type Bus struct {
	cfg  Config
	log  *slog.Logger
	conn atomic.Pointer[nats.Conn]
	up   chan struct{} // closed once connected first

	refused atomic.Uint64

	mu    sync.Mutex // guards what follows
	heard []subscription
	noted map[string]time.Time
}

// subscription is a subject with what takes its messages.
type subscription struct {
	subject string
	take    nats.MsgHandler
}

// New returns a bus. It starts nothing.
func New(cfg Config, log *slog.Logger) *Bus {
	return &Bus{cfg: cfg, log: log, up: make(chan struct{}), noted: map[string]time.Time{}}
}

// Hear has f get the messages of a subject, which may have wildcards. The caller calls it before Run. f is
// called by one goroutine for the subject, and must not block for long.
func (b *Bus) Hear(subject string, f func(subject string, data []byte)) {
	b.heard = append(b.heard, subscription{subject, func(m *nats.Msg) {
		if data, ok := b.opened(m.Subject, m.Data); ok {
			f(m.Subject, data)
		}
	}})
}

// Answer has f answer the requests of a subject. The caller calls it before Run.
func (b *Bus) Answer(subject string, f func(data []byte) []byte) {
	b.heard = append(b.heard, subscription{subject, func(m *nats.Msg) {
		if data, ok := b.opened(m.Subject, m.Data); ok && m.Reply != "" {
			if err := m.Respond(b.cfg.Key.Seal("re:"+m.Subject, f(data))); err != nil {
				b.log.Debug("no answer to a node", "error", err)
			}
		}
	}})
}

// opened returns what is in a message, or notes why it is refused.
func (b *Bus) opened(subject string, message []byte) (data []byte, ok bool) {
	if len(message) > MaxMessage {
		b.refuse(fmt.Errorf("a message has %d bytes, and %d are the most", len(message), MaxMessage))
		return nil, false
	}
	data, err := b.cfg.Key.Open(subject, message)
	if err != nil {
		b.refuse(err)
		return nil, false
	}
	return data, true
}

// refuse counts a message that is refused.
func (b *Bus) refuse(why error) {
	b.refused.Add(1)
	if b.once(why.Error()) {
		b.log.Warn("a message of the cluster is refused", "reason", why)
	}
}

// once tells whether a text was not logged in the last minute.
func (b *Bus) once(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if last, noted := b.noted[text]; noted && now.Sub(last) < noteEvery {
		return false
	}
	if len(b.noted) > 100 {
		clear(b.noted)
	}
	b.noted[text] = now
	return true
}

// Refused returns how many messages were refused.
func (b *Bus) Refused() uint64 { return b.refused.Load() }

// Up is closed once the bus is connected for the first time.
func (b *Bus) Up() <-chan struct{} { return b.up }

// Connected tells whether messages can leave now.
func (b *Bus) Connected() bool {
	c := b.conn.Load()
	return c != nil && c.IsConnected()
}

// Publish sends a message to all nodes, this one included. Errors are ErrAway and those of NATS.
func (b *Bus) Publish(subject string, data []byte) error {
	c := b.conn.Load()
	if c == nil || !c.IsConnected() {
		return ErrAway
	}
	return c.Publish(subject, b.cfg.Key.Seal(subject, data))
}

// Ask sends a request and returns its answer. Errors are ErrAway, those of ctx and those of NATS, such as
// that nobody answers the subject.
func (b *Bus) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	c := b.conn.Load()
	if c == nil || !c.IsConnected() {
		return nil, ErrAway
	}
	m, err := c.RequestWithContext(ctx, subject, b.cfg.Key.Seal(subject, data))
	if err != nil {
		return nil, err
	}
	return b.cfg.Key.Open("re:"+subject, m.Data)
}

// Run keeps the bus connected until ctx ends. It fails if the address is taken.
func (b *Bus) Run(ctx context.Context) error {
	options := []nats.Option{
		nats.Name(b.cfg.Name), nats.MaxReconnects(-1), nats.ReconnectWait(reconnect), nats.RetryOnFailedConnect(true),
		nats.PingInterval(2 * alive), nats.MaxPingsOutstanding(2), nats.ReconnectBufSize(-1), // what is late is wrong
		nats.ConnectHandler(func(*nats.Conn) { b.connected() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("the message bus of the cluster is gone; calls go on", "reason", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("the message bus of the cluster is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if b.once(err.Error()) {
				b.log.Warn("message bus of the cluster", "reason", err)
			}
		}),
	}
	if b.cfg.URL == "" {
		own, err := b.own()
		if err != nil {
			return err
		}
		defer func() { own.Shutdown(); own.WaitForShutdown() }()
		options = append(options, nats.InProcessServer(own), nats.UserInfo("node", b.cfg.Key.Password()))
	}
	conn, err := nats.Connect(b.cfg.URL, options...)
	if err != nil {
		return fmt.Errorf("message bus of the cluster: %w", err)
	}
	defer conn.Close()
	for _, s := range b.heard {
		if _, err := conn.Subscribe(s.subject, s.take); err != nil {
			return fmt.Errorf("message bus of the cluster: %w", err)
		}
	}
	b.conn.Store(conn)
	if conn.IsConnected() {
		b.connected()
	}
	<-ctx.Done()
	b.conn.Store(nil)
	_ = conn.FlushTimeout(goodbye)
	return nil
}

func (b *Bus) connected() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.up:
	default:
		close(b.up)
	}
}

// own starts the NATS of this process. It takes routes of nodes with the same key, and no clients but this
// process.
func (b *Bus) own() (*server.Server, error) {
	host, port, err := net.SplitHostPort(b.cfg.Listen)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("the port of routes is a number, not %q", port)
	}
	secure, err := b.cfg.Key.TLS(time.Now())
	if err != nil {
		return nil, err
	}
	o := &server.Options{
		// NATS opens routes only beside a port for clients. This one is for nobody: it is on this machine only,
		// and wants the key's password.
		ServerName: b.cfg.Name, Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: "node", Password: b.cfg.Key.Password(), NoSigs: true, MaxPayload: MaxMessage + 1<<10, NoSystemAccount: true,
		Cluster: server.ClusterOpts{
			Name: "tilemix", Host: host, Port: int(number), Username: "node", Password: b.cfg.Key.Password(),
			TLSConfig: secure, TLSTimeout: 2, AuthTimeout: 3, PoolSize: -1, ConnectRetries: retries,
			PingInterval: alive, MaxPingsOut: 2, Compression: server.CompressionOpts{Mode: server.CompressionOff},
		},
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		o.Cluster.Advertise = b.cfg.Listen // a connection may come from another address of this machine
	}
	for _, at := range b.cfg.Join {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: at, User: url.UserPassword("node", b.cfg.Key.Password())})
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("message bus of the cluster: %w", err)
	}
	s.SetLoggerV2(&lines{b}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		return nil, fmt.Errorf("message bus of the cluster: cannot listen on %s for routes", b.cfg.Listen)
	}
	return s, nil
}
