package signaling

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// socket makes a participant of a WebSocket. Whoever may not join is told by HTTP,
// before the upgrade. Browsers hide that answer from a page, which asks for it once
// more by a plain request: 426 says that only the upgrade was missing.
func (s *site) socket(c echo.Context) error {
	r, room, name := c.Request(), c.Param("room"), c.QueryParam("name")
	secret := c.QueryParam("resume")
	if secret == "" {
		if err := s.srv.Admits(room, name); err != nil {
			return err
		}
	}
	if err := upgradable(r); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	k := &socket{
		site:   s,
		cancel: cancel,
		taken:  make(chan struct{}),
		queue:  make(chan control.Message, s.cfg.Queue),
		pace:   rate.NewLimiter(rate.Limit(s.cfg.Rate), s.cfg.Burst),
	}
	who, line, err := s.enter(mcu.JoinOptions{Room: room, Name: name, Send: k.send, Cut: sync.OnceFunc(func() { close(k.taken) }), Resumable: true}, secret)
	if err != nil {
		return err
	}
	k.who, k.line = who, line
	defer k.part()
	conn, err := websocket.Accept(c.Response(), r, nil)
	if err != nil {
		s.log.Debug("upgrade failed", "err", err) // Accept has answered
		return nil
	}
	conn.SetReadLimit(s.cfg.MaxBody)
	k.conn = conn
	k.run(ctx)
	return nil
}

// enter brings somebody back who has the secret of a seat, and has others join.
func (s *site) enter(o mcu.JoinOptions, secret string) (who *mcu.Participant, line int, err error) {
	if secret != "" {
		if who, line, err = s.srv.Resume(o, secret); !errors.Is(err, mcu.ErrNotFound) {
			return who, line, err
		}
	}
	who, err = s.srv.Join(o)
	return who, 0, err
}

// pageGone is the code with which our page closes as it goes away; browsers say
// 1001 by themselves, but not all of them in every case.
const pageGone = websocket.StatusCode(3001)

// part ends the participant's session when the client said that he leaves (1000).
// Whoever was cut off, or goes away as a page does that is loaded anew, may come back.
func (k *socket) part() {
	switch k.closed {
	case websocket.StatusNormalClosure:
		k.who.LeaveBy(k.line)
	case websocket.StatusGoingAway, pageGone:
		k.who.Lose(k.line, true)
	default:
		k.who.Lose(k.line, false)
	}
}

// upgradable tells whether a request may become a WebSocket (RFC 6455 §4.2.1):
// a page of this host asks for it, or a program, which names no origin.
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
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return errOrigin
		}
	}
	return nil
}

// hasToken tells whether a header with a list of values has this one.
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
