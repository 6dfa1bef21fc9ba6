package detour_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tilemix/mcu/policy"
	"tilemix/signaling/cluster/detour"
)

// TestNamed: what a home names, an entry reads: the relay, and all that the viewer may do.
func TestNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 20, -1)
		grant := policy.Grant{
			Role: rapid.SampledFrom([]policy.Role{policy.Viewer, policy.Participant, policy.Host}).Draw(t, "role"), Rights: policy.Rights(rapid.Uint16().Draw(t, "rights")),
			Identity: text.Draw(t, "identity"), Name: text.Draw(t, "name"), By: text.Draw(t, "by"), First: rapid.Bool().Draw(t, "first"),
		}
		h := http.Header{}
		if err := detour.Name(h, "b.example", grant); err != nil {
			t.Fatal(err)
		}
		if !detour.Passes(http.StatusMisdirectedRequest, h) || detour.Passes(http.StatusCreated, h) {
			t.Error("it is not taken for what it is")
		}
		node, say, err := detour.Told(h)
		if err != nil || node != "b.example" {
			t.Fatalf("node %q, %v", node, err)
		}
		got, is := say.Vouched()
		if diff := cmp.Diff(grant, got); !is || diff != "" {
			t.Errorf("vouched %v (-want +got):\n%s", is, diff)
		}
	})
}

// TestTold refuses what is no grant. An answer without a relay, such as one to a wrong Host, is none that passes.
func TestTold(t *testing.T) {
	for _, grant := range []string{"", "{", `{"Role":"king"}`, "[]"} {
		h := http.Header{"Tilemix-Relay": {"b"}, "Tilemix-Grant": {grant}}
		if node, say, err := detour.Told(h); err == nil {
			t.Errorf("grant %q: node %q, %+v", grant, node, say)
		}
	}
	if detour.Passes(http.StatusMisdirectedRequest, http.Header{}) {
		t.Error("an answer that names no relay passes")
	}
}

// TestSay: a request says what was put into it, and another one nothing.
func TestSay(t *testing.T) {
	plain := httptest.NewRequest(http.MethodPost, "/whep/demo", nil)
	if detour.Of(plain.Context()) != (detour.Say{}) || detour.Of(context.Background()).Relayed() {
		t.Error("a request of a client says something")
	}
	for _, test := range []struct {
		say     detour.Say
		relayed bool
		role    policy.Role
		vouched bool
		at      string
	}{
		{detour.Say{}, false, 0, false, ""},
		{detour.Say{Able: true}, false, 0, false, ""},
		{detour.Say{Pull: 2}, true, policy.Recorder, true, ""},
		{detour.Say{Here: true, Grant: &policy.Grant{Role: policy.Viewer}}, true, policy.Viewer, true, "?at=b"},
		{detour.Say{Grant: &policy.Grant{Role: policy.Viewer}}, false, policy.Viewer, true, ""},
	} {
		got := detour.Of(test.say.With(plain).Context())
		g, is := got.Vouched()
		if got != test.say || got.Relayed() != test.relayed || is != test.vouched || g.Role != test.role || got.At("b") != test.at || got.At("") != "" {
			t.Errorf("%+v: %+v, relayed %v, vouched %v as %v, at %q", test.say, got, got.Relayed(), is, g.Role, got.At("b"))
		}
	}
}
