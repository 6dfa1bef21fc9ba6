package join

import (
	"testing"

	"tilemix/mcu/control"
)

// TestRebased: a client that came by the server's own address goes to the other's. One that came by a name that
// servers share keeps it.
func TestRebased(t *testing.T) {
	const at = "http://a.test:8080/whip/demo?name=Ada&resume=secret"
	for _, test := range []struct {
		from, to, want string
	}{
		{"http://a.test:8080", "http://b.test:9090", "http://b.test:9090/whip/demo?name=Ada&resume=secret"},
		{"http://a.test:8080", "https://b.test", "https://b.test/whip/demo?name=Ada&resume=secret"},
		{"http://a.test", "http://b.test:9090", at},
		{"https://a.test:8080", "http://b.test:9090", at},
		{"http://localhost:8080", "http://localhost:8080", at},
		{"http://a.test:8080", "", at},
		{"", "http://b.test:9090", at},
		{"http://a.test:8080", "http://%zz", at},
	} {
		if got := rebased(at, control.Relocate{From: test.from, URL: test.to}); got != test.want {
			t.Errorf("from %q to %q: %q, want %q", test.from, test.to, got, test.want)
		}
	}
}

// TestTakes: which of several connections the recording is of.
func TestTakes(t *testing.T) {
	r := &recording{closed: true} // nothing is written
	is := func(what string, want *take) {
		t.Helper()
		if r.latest != want {
			t.Errorf("%s: the recording is of another connection", what)
		}
	}
	a := r.take()
	a.begin()
	is("the first connection", a)
	b := r.take()
	is("the second has sent nothing", a)
	b.begin()
	is("the second has sent a key frame", b)
	a.begin()
	is("the first sends on", b)
	r.renew(1)
	c := r.take()
	is("a third has sent nothing", b)
	r.renew(0)
	c.begin()
	is("the third has sent a key frame", c)
}
