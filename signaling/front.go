package signaling

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"tilemix/mcu/stream"
)

// front is what stands before the routes: it finds out where a request comes from, and takes away
// the path prefix of a reverse proxy. It is safe for concurrent use.
type front struct {
	prefix  string         // under which clients reach the server, "" or "/mix"
	trusted []netip.Prefix // proxies whose X-Forwarded-… headers count
	next    http.Handler
}

// origin says where a request comes from.
type origin struct {
	prefix string     // that a client's addresses have before the server's own
	client netip.Addr // zero: a proxy stands between and does not say it
	// host is what limits by address count for; zero: they do not. Loopback is not counted,
	// because programs of this machine come from it, and clients of a proxy that is not named.
	host netip.Prefix
}

// away tells whether the client is on another machine, or may be.
func (o origin) away() bool { return !o.client.IsLoopback() }

type originKey struct{}

// originOf returns what the front found out about a request.
func originOf(r *http.Request) origin {
	o, _ := r.Context().Value(originKey{}).(origin)
	return o
}

// whence returns where a request comes from, for the log: its client, if a trusted proxy names it.
func whence(r *http.Request) string {
	if client := originOf(r).client; client.IsValid() && client != sender(r) {
		return client.String()
	}
	return r.RemoteAddr
}

// outside returns the address by which a client reaches a path of the server.
func outside(r *http.Request, path string) string { return originOf(r).prefix + path }

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o := origin{prefix: f.prefix}
	sender := sender(r)
	if f.trusts(sender) {
		if prefix := strings.TrimRight(r.Header.Get("X-Forwarded-Prefix"), "/"); prefix != "" && CheckPrefix(prefix) == nil {
			o.prefix = prefix
		}
	}
	o.client = f.client(sender, r.Header)
	o.host = f.counted(sender, o.client)
	path := r.URL.Path
	if o.prefix != "" && path == o.prefix {
		w.Header().Set("Location", o.prefix+"/")
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), originKey{}, o))
	if o.prefix != "" && strings.HasPrefix(path, o.prefix+"/") {
		r.URL = strip(r.URL, o.prefix)
	}
	f.next.ServeHTTP(w, r)
}

// strip returns an address without a prefix, which has no character that is escaped.
func strip(u *url.URL, prefix string) *url.URL {
	short := *u
	short.Path = strings.TrimPrefix(u.Path, prefix)
	short.RawPath = strings.TrimPrefix(u.RawPath, prefix)
	return &short
}

// client returns the address of the client. Each proxy adds the address of its own client at the
// right of X-Forwarded-For; the server reads them from there for as long as it trusts the proxy
// that wrote them.
func (f front) client(sender netip.Addr, h http.Header) netip.Addr {
	if !f.trusts(sender) {
		if proxied(h) {
			return netip.Addr{}
		}
		return sender
	}
	chain := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	var at netip.Addr
	for _, text := range slices.Backward(chain) {
		addr, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return netip.Addr{}
		}
		if at = addr.Unmap(); !f.trusts(at) {
			break
		}
	}
	return at
}

// counted returns what a client is counted by. What a sender that is not trusted says of others
// does not free it.
func (f front) counted(sender, client netip.Addr) netip.Prefix {
	at := sender
	if f.trusts(sender) {
		at = client
	}
	if !at.IsValid() || at.IsLoopback() {
		return netip.Prefix{}
	}
	return stream.HostOf(at)
}

// proxied tells whether a request went through a proxy.
func proxied(h http.Header) bool {
	return slices.ContainsFunc([]string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"}, func(name string) bool {
		return len(h.Values(name)) > 0
	})
}

func (f front) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(f.trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// sender returns the address at the other end of a request's connection.
func sender(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}

// CheckPrefix returns why a path cannot be the prefix of the server's addresses. It begins with a
// slash and does not end with one; its first part is not that of an address of the server's.
func CheckPrefix(prefix string) error {
	parts := strings.Split(prefix, "/")
	if len(parts) < 2 || parts[0] != "" || slices.Contains(parts[1:], "") {
		return &refusal{http.StatusBadRequest, "must begin with a slash and end without one, such as /mix"}
	}
	for _, part := range parts[1:] {
		if part == "." || part == ".." || strings.Trim(strings.ToLower(part), "abcdefghijklmnopqrstuvwxyz0123456789.-_~") != "" {
			return &refusal{http.StatusBadRequest, "may have letters, digits, and the characters . - _ ~"}
		}
	}
	if slices.Contains([]string{"whip", "whep", "ws", "sse", "r", "watch", "recordings", "static", "docs", "livez", "readyz", "healthz", "metrics", "api", "hls"}, parts[1]) {
		return &refusal{http.StatusBadRequest, "begins like an address of the server's own: /" + parts[1]}
	}
	return nil
}
