package signaling

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// TestHop: what a node found out about a request is what the next one knows, whatever its client said.
func TestHop(t *testing.T) {
	var between http.Header
	entry := front{prefix: "/mix", trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		between = r.Header.Clone()
		Config{}.ToNode(r, between)
	})}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/mix/whip/demo", nil)
	r.RemoteAddr = "10.0.0.9:4444"
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.Header.Set(hopHeader, `{"sender":"127.0.0.1:1","client":"127.0.0.1"}`)
	entry.ServeHTTP(httptest.NewRecorder(), r)

	inner := httptest.NewRequest(http.MethodPost, "http://localhost/whip/demo", nil)
	inner.Header = between
	inner, ok := Config{}.FromNode(inner)
	if !ok {
		t.Fatal("the node did not say where the request comes from")
	}
	o := originOf(inner)
	if o.prefix != "/mix" || o.client != netip.MustParseAddr("192.0.2.7") || !o.away() || !o.host.Contains(o.client) {
		t.Errorf("the request comes from %+v", o)
	}
	if inner.RemoteAddr != "10.0.0.9:4444" || inner.Header.Get(hopHeader) != "" || outside(inner, "/whip/demo/x") != "/mix/whip/demo/x" {
		t.Errorf("the request is %+v", inner)
	}
	if got := whence(inner); got != "192.0.2.7" {
		t.Errorf("the log names %s", got)
	}
}

// TestHopless: what does not say where it comes from is no request of a node.
func TestHopless(t *testing.T) {
	for _, said := range []string{"", "x", "{}", `{"sender":""}`, `{"sender":"a","client":"b"}`} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		r.Header.Set(hopHeader, said)
		if _, ok := (Config{}).FromNode(r); ok {
			t.Errorf("%q says where a request comes from", said)
		}
	}
	near := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
	near.RemoteAddr = "127.0.0.1:9"
	out := http.Header{}
	Config{}.ToNode(near, out)
	again := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
	again.Header = out
	again, ok := Config{}.FromNode(again)
	if o := originOf(again); !ok || o.client.IsValid() || o.host.IsValid() {
		t.Errorf("a request whose front found nothing out comes from %+v, %v", o, ok)
	}
}
