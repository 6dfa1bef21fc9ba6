package signaling

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/policy"
)

// sockets makes a participant of each WebSocket, and of each event stream. It is safe for concurrent use.
type sockets struct {
	srv    Server
	cfg    Config
	log    *slog.Logger
	counts *socketCounts
	guard  *guard
}

// accept serves a WebSocket until it ends. The server refuses by HTTP, before the upgrade.
// Browsers hide that answer from a page, so the page repeats the request without an
// upgrade: 426 says that only the upgrade was missing.
func (s *sockets) accept(c echo.Context) error {
	r := c.Request()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	k, err := s.join(c, cancel, upgradable)
	if err != nil {
		return err
	}
	defer k.part()
	conn, err := websocket.Accept(paced(c.Response()), r, &websocket.AcceptOptions{
		Subprotocols:       []string{socketProtocol},
		InsecureSkipVerify: true, // the guard has compared Origin
		OnPingReceived:     k.pinged,
		OnPongReceived:     func(ctx context.Context, data []byte) { k.pinged(ctx, data) },
	})
	if err != nil {
		s.log.Debug("upgrade failed", "err", err) // Accept has answered
		return nil
	}
	conn.SetReadLimit(s.cfg.MaxBody)
	k.conn = conn
	k.run(ctx)
	return nil
}

// join makes a participant of the client of a request, or resumes its session. It returns the
// participant's socket, which has no connection yet, or why the client may not come in. fits tells why
// the request cannot become a connection.
func (s *sockets) join(c echo.Context, cancel context.CancelFunc, fits func(*http.Request) error) (*socket, error) {
	r, room := c.Request(), c.Param("room")
	grant, err := asRole(c)
	if err != nil {
		return nil, err
	}
	name, token := named(c, grant), resume(r)
	if token == "" {
		if err := s.srv.Admits(room, name, grant); err != nil {
			return nil, err
		}
	}
	if err := fits(r); err != nil {
		return nil, err
	}
	if err := s.guard.joins(r); err != nil { // programs send no Origin
		return nil, err
	}
	k := &socket{
		cancel: cancel,
		taken:  make(chan struct{}),
		queue:  make(chan control.Message, s.cfg.Queue),
		pace:   rate.NewLimiter(rate.Limit(s.cfg.Rate), s.cfg.Burst),
		offer:  s.cfg.Offer,
		every:  s.cfg.Ping,

		socketCounts: s.counts,
		pings:        rate.NewLimiter(pingRate, pingBurst),
		restarts:     rate.NewLimiter(restartRate, restartBurst),
		dear:         func() error { return s.guard.take(r) },
		noted:        func(err error) { s.guard.refusals.note(err, whence(r), "") },
	}
	taken := sync.OnceFunc(func() { close(k.taken) })
	session, err := s.enter(mcu.JoinOptions{
		Room: room, Name: name, Send: k.send, Cut: taken, Resumable: true, Away: originOf(r).away(),
		From: originOf(r).host, Grant: grant, Viewer: grant.Role.Receives(), Origin: cameBy(c),
	}, token)
	if err != nil {
		return nil, err
	}
	k.session = session
	return k, nil
}

// asRole returns what the client of a request may do in the role that it wishes to have, which is the
// role of its grant where it names none.
func asRole(c echo.Context) (policy.Grant, error) {
	grant, name := grantOf(c), c.QueryParam("role")
	if name == "" {
		return grant, nil
	}
	role, err := policy.ParseRole(name)
	if err != nil {
		return grant, fmt.Errorf("parameter role: %w: %w", control.ErrInvalid, err)
	}
	return grant.As(role)
}

// enter resumes the session of a resume token. Without one, or when the session has ended,
// it makes a new participant.
func (s *sockets) enter(o mcu.JoinOptions, token string) (stay, error) {
	if token != "" {
		who, conn, err := s.srv.Resume(o, token)
		if err == nil {
			return participant{who, conn}, nil
		}
		if !errors.Is(err, mcu.ErrNotFound) {
			return nil, err
		}
	}
	who, err := s.srv.Join(o)
	if err != nil {
		return nil, err
	}
	return participant{who: who}, nil
}

// pageGone is the code with which our page closes as it goes away. Browsers send 1001
// themselves, but not in every case.
const pageGone = websocket.StatusCode(3001)

// part ends the session when the client has said that it leaves (1000). After any other
// end, or when a page goes away and may be loading anew, the client may come back.
func (k *socket) part() {
	switch k.closed {
	case websocket.StatusNormalClosure:
		k.session.Leave()
	case websocket.StatusGoingAway, pageGone:
		k.session.Lose(true)
	default:
		k.session.Lose(false)
	}
}

// upgradable reports why a request cannot become a WebSocket (RFC 6455 §4.2.1).
func upgradable(r *http.Request) error {
	if !r.ProtoAtLeast(1, 1) || !hasToken(r.Header, "Connection", "upgrade") ||
		!hasToken(r.Header, "Upgrade", "websocket") || r.Header.Get("Sec-WebSocket-Version") != "13" {
		return errNotWebSocket
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return errSocketKey
	}
	if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0])); err != nil || len(key) != 16 {
		return errSocketKey
	}
	return nil
}

// hasToken reports whether a header with a list of values has this one.
func hasToken(h http.Header, name, token string) bool {
	for _, list := range h.Values(name) {
		for value := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(value), token) {
				return true
			}
		}
	}
	return false
}
