package signaling

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/signaling/access"
)

// guard decides which names of this server and which pages of other servers a request may come by,
// and how often. It is safe for concurrent use.
type guard struct {
	welcome  atomic.Pointer[welcome]
	buckets  *buckets[netip.Prefix]      // of joins, offers and ICE restarts, by address
	keys     *buckets[[sha256.Size]byte] // of requests to the API, by the hash of the secret
	refusals *refusals
	peers    func() []string // origins of the other nodes of a cluster, in lower case
}

// welcome is whom a guard lets in. It never changes.
type welcome struct {
	hosts     []string // names of this server, in lower case
	origins   []string // whose pages may join, watch and play HLS; "*": any
	ancestors string   // whose pages may have this server's in a frame, as a policy of the content writes it
}

// change takes over whom another configuration lets in, and how often.
func (g *guard) change(to Config) {
	w := &welcome{ancestors: strings.Join(append([]string{"'self'"}, to.Embedders...), " ")}
	for _, host := range to.Hosts {
		w.hosts = append(w.hosts, strings.ToLower(host))
	}
	for _, origin := range to.Origins {
		w.origins = append(w.origins, strings.ToLower(origin))
	}
	g.welcome.Store(w)
	g.buckets.pace(to.AddressRate)
	g.keys.pace(to.KeyRate)
}

// Known tells whether a Host is one of this server, which goes by names in lower case. A page of
// another site can have its own name point to this server's address, and its browser then takes the
// server for that site. Addresses and localhost cannot be such a name.
func Known(names []string, host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(names, name)
}

// named refuses requests to names that are not this server's.
func (g *guard) named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if Known(g.welcome.Load().hosts, r.Host) {
			return next(c)
		}
		host := fmt.Sprintf("%.80q", r.Host)
		g.refusals.note(errHost, whence(r), "start the server with --host and the name "+host+
			" if it is one of this server's, or have the reverse proxy pass on its own name")
		return &refusal{http.StatusMisdirectedRequest, "this server does not go by the name " + host + ": its operator can add it with --host"}
	}
}

// own tells why a request comes from a page of another origin, or nil. Programs send no Origin.
func (g *guard) own(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && (strings.EqualFold(u.Host, r.Host) || slices.Contains(g.welcome.Load().hosts, strings.ToLower(u.Hostname()))) {
		return nil
	}
	g.refusals.note(errOrigin, whence(r), fmt.Sprintf("the page is of %.80q and asked for host %.80q; if a reverse proxy stands between,"+
		" have it pass on the client's Host (nginx: proxy_set_header Host $http_host), or start the server with --host and the page's name", origin, r.Host))
	return errOrigin
}

// joins tells why a page may not open a WebSocket or an event stream, or nil: pages of this server may, and those of the
// origins that are allowed, which join by WHIP too.
func (g *guard) joins(r *http.Request) error {
	origins := g.origins()
	if slices.Contains(origins, "*") || slices.Contains(origins, strings.ToLower(r.Header.Get("Origin"))) {
		return nil
	}
	return g.own(r)
}

// origins are those whose pages may join: those that the operator allows, and those of the other nodes, whose clients
// come when a room moves.
func (g *guard) origins() []string { return slices.Concat(g.welcome.Load().origins, g.peers()) }

// sameOrigin refuses requests of other origins' pages that would change something. Programs of
// this machine need no key, so a page of another origin could otherwise use a browser on it.
func (g *guard) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := g.own(c.Request()); err != nil {
			return err
		}
		return next(c)
	}
}

// rated refuses requests of an address that sends too many.
func (g *guard) rated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := g.take(c.Request()); err != nil {
			return err
		}
		return next(c)
	}
}

func (g *guard) take(r *http.Request) error {
	if !g.buckets.take(originOf(r).host, time.Now()) {
		return errTooFast
	}
	return nil
}

// paced tells why the client of a secret has to wait before its next request to the API, or nil.
func (g *guard) paced(q access.Request) error {
	if q.Secret == "" || q.Protocol != "http" {
		return nil
	}
	if !g.keys.take(sha256.Sum256([]byte(q.Secret)), time.Now()) {
		return errKeyFast
	}
	return nil
}

// shared are the addresses that pages of the origins that are allowed may use.
var shared = regexp.MustCompile(`^/(whip/|whep/|ws/|sse/|hls/|healthz$|api/v1/ice-servers$)`)

// crossOrigin lets pages of the origins that are allowed use WHIP and WHEP (RFC 9725 §4.2), join by
// the SDK, and play HLS.
func (g *guard) crossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path, h := c.Request().URL.Path, c.Response().Header()
		session := strings.HasPrefix(path, "/whip/") || strings.HasPrefix(path, "/whep/")
		origins := g.origins()
		if len(origins) == 0 || !shared.MatchString(path) {
			return next(c)
		}
		origin := c.Request().Header.Get("Origin")
		switch {
		case slices.Contains(origins, "*"):
			h.Set("Access-Control-Allow-Origin", "*")
		case slices.Contains(origins, strings.ToLower(origin)):
			h.Set("Access-Control-Allow-Origin", origin)
			h.Add("Vary", "Origin")
		default:
			h.Add("Vary", "Origin")
			return next(c)
		}
		if session {
			h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Patch, Retry-After")
		}
		return next(c)
	}
}

// CheckOrigin returns why a text cannot be the origin of pages (RFC 6454 §6.2). "*" is any.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if text == "*" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Scheme+"://"+u.Host == text {
		return nil
	}
	return &refusal{http.StatusBadRequest, "must be an origin such as https://example.org, or *"}
}

// CheckHost returns why a text cannot be a name of this server.
func CheckHost(text string) error {
	if text == "" || strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return &refusal{http.StatusBadRequest, "must be a host name without a port, such as meet.example.org"}
	}
	return nil
}
