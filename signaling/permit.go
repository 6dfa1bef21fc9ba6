package signaling

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/policy"
	"tilemix/signaling/access"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/cluster/detour"
)

// Actions of routes that package policy's table does not have, because they need no grant.
const (
	anybody = "-"    // pages, preflights, the state of the server
	secret  = "path" // the secret in the path is what the client may come by: a WHIP session, a ticket, a file of HLS
)

// permit asks the gate before a request is served.
type permit struct {
	gate    *access.Gate
	guard   *guard
	witness witness
	once    *once
	// returning gives what a client of WHIP may do that comes back to its session.
	returning func(room, resume string) (g policy.Grant, is bool)
	invites   *invite.Invites // nil: there are none
}

// asks wraps what serves a row of the route table.
func (p permit) asks(r route) echo.HandlerFunc {
	if r.action == anybody || r.action == secret {
		return r.serve
	}
	return func(c echo.Context) error {
		q := wish(c, r.action)
		q.Used = new(string)
		grant, err := p.judge(c.Request().Context(), q)
		if err != nil {
			if slow := p.guard.take(c.Request()); slow != nil { // an address that guesses has to wait
				return slow
			}
			p.witness.refused(q, err)
			return err
		}
		if err := p.guard.paced(q); err != nil {
			return err
		}
		c.Set(grantKey, grant)
		c.Set(secretKey, q.Secret != "")
		return p.once.serve(c, q, func(c echo.Context) error {
			return p.unused(q, p.witness.serves(c, q, grant, r.serve))
		})
	}
}

// unused gives the use of an invite back whose guest did not get in, and returns why it did not.
func (p permit) unused(q access.Request, why error) error {
	if why == nil || *q.Used == "" || p.invites == nil {
		return why
	}
	return errors.Join(why, p.invites.Return(q.Room, *q.Used))
}

// judge asks the gate. It does not ask again about a client that comes back to its WHIP session, which
// would use its invite once more.
func (p permit) judge(ctx context.Context, q access.Request) (policy.Grant, error) {
	if g, is := detour.Of(ctx).Vouched(); is {
		return g, nil
	}
	if q.Protocol == "whip" && q.Resume != "" {
		if g, is := p.returning(q.Room, q.Resume); is {
			return g, nil
		}
	}
	return p.gate.Judge(ctx, q)
}

const (
	grantKey  = "grant"
	secretKey = "secret"
)

// grantOf returns what the client of a request may do.
func grantOf(c echo.Context) policy.Grant {
	g, _ := c.Get(grantKey).(policy.Grant)
	return g
}

// named returns what a client is to be called: as its grant says, or else as it asks.
func named(c echo.Context, g policy.Grant) string {
	if g.Name != "" {
		return g.Name
	}
	return c.QueryParam("name")
}

// wish is what a request is to the gate.
func wish(c echo.Context, action string) access.Request {
	r := c.Request()
	o := originOf(r)
	return access.Request{
		Action: action, Room: c.Param("room"), Name: c.QueryParam("name"),
		Secret: cmp.Or(c.Param("token"), bearer(r)), Resume: resume(r), PIN: cmp.Or(r.Header.Get("Tilemix-Pin"), offered(r, pinProtocol)),
		Protocol: protocol(c.Path()), Agent: r.UserAgent(), Client: o.client,
		Local: o.client.IsValid() && o.client.IsLoopback(),
	}
}

// protocol names the way by which a client of a route's path comes.
func protocol(path string) string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); first {
	case "whip", "whep", "hls", "sse":
		return first
	case "ws":
		return "websocket"
	}
	return "http"
}

// socketProtocol is the subprotocol of our WebSockets. A page cannot set their headers, so it
// offers its secrets as further subprotocols, after bearerProtocol and resumeProtocol: proxies
// log addresses, but no headers.
const (
	socketProtocol = "tilemix"
	bearerProtocol = "bearer."
	resumeProtocol = "resume."
	pinProtocol    = "pin."
)

// resumeHeader has the resume token of a client without a WebSocket.
const resumeHeader = "Tilemix-Resume"

// bearer returns the secret that a request brings (RFC 6750 §2.1), "" for none.
func bearer(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return offered(r, bearerProtocol)
}

// resume returns the resume token that a WebSocket or an event stream brings, "" for none. Older
// clients put it into the address.
func resume(r *http.Request) string {
	return cmp.Or(offered(r, resumeProtocol), r.Header.Get(resumeHeader), r.URL.Query().Get("resume"))
}

// offered returns what follows a prefix among the subprotocols that a WebSocket offers.
func offered(r *http.Request, prefix string) string {
	for _, list := range r.Header.Values("Sec-WebSocket-Protocol") {
		for value := range strings.SplitSeq(list, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(value), prefix); ok {
				return token
			}
		}
	}
	return ""
}

// members are the participants, whose resume tokens are secrets too: a page acts with its own.
type members struct{ srv Server }

// Members is the source of the secrets of participants.
func Members(srv Server) access.Source { return members{srv} }

func (m members) Grant(_ context.Context, q access.Request) (g policy.Grant, mine bool, err error) {
	for _, token := range []string{q.Resume, q.Secret} {
		if token == "" || q.Room == "" {
			continue
		}
		if g, err := m.srv.Grant(q.Room, token); err == nil {
			return g, true, nil
		}
	}
	return policy.Grant{}, false, nil
}
