package bench

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestAbove has all nodes get as many clients, and one viewer of each keep what it sees.
func TestAbove(t *testing.T) {
	for _, c := range []struct{ viewers, relays, above int }{{240, 2, 81}, {6, 2, 3}, {9, 2, 4}, {3, 1, 2}, {1, 2, 1}} {
		s := scenario{participants: 1, viewers: c.viewers, relays: c.relays}
		if got := s.above(); got != c.above {
			t.Errorf("%d viewers: %d clients a node, not %d", c.viewers, got, c.above)
		}
		m := relayed{&measurement{s: s}}
		for n := range c.relays + 1 {
			m.nodes = append(m.nodes, &child{url: string(rune('a' + n))})
		}
		viewers := make([]entry, c.viewers)
		m.place(viewers)
		kept := map[int]int{} // by the node that is full next
		for i, v := range viewers {
			if v.server != string(rune('a'+i%(c.relays+1))) || !v.Feedback {
				t.Errorf("viewer %d of %d: %+v", i, c.viewers, v)
			}
			if v.Record {
				kept[(i+1)/c.above]++
			}
		}
		if len(kept) != min(c.viewers, c.relays+1) {
			t.Errorf("%d viewers: those that keep what they see are at %v", c.viewers, kept)
		}
	}
}

// TestRelaysBars judges two relays by the worse.
func TestRelaysBars(t *testing.T) {
	r := &Relays{Encodes: 30, PerViewer: 1.5, Nodes: []Node{
		{Viewers: 80, CPU: 300, PerViewer: 1.2, Picture: Spread{20, 30, 300}},
		{Viewers: 81, CPU: 120, PerViewer: 1.5, Pulled: 1.6, Picture: Spread{25, 35, 300}},
		{Viewers: 79, CPU: 130, PerViewer: 1.7, Pulled: 2.4, Picture: Spread{36, 40, 300}},
	}, Death: Death{Spread{900, 1900, 81}, 2100}}
	var missed []string
	for _, b := range r.bars() {
		if !b.Reached {
			missed = append(missed, b.What+" "+number(b.Value))
		}
	}
	if want := []string{"CPU a viewer, at the dearest relay 1.7", "a relay pulls 2.4", "picture p50 at a relay, later than at the home 16"}; !slices.Equal(missed, want) {
		t.Errorf("missed are %q", missed)
	}
	var out bytes.Buffer
	r.write(&out)
	for _, part := range []string{"home: 80 viewers", "relay 2: 79 viewers, CPU 130 ms/s", "its 81 viewers see nothing for p50/p95/max 900/1900/2100 ms"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not in\n%s", part, &out)
		}
	}
	r.Nodes[2].Picture.P50 = 10 // sooner than at the home
	r.Nodes[1].Picture.P50 = 15
	if r.later() != -5 {
		t.Errorf("relays are %v ms later", r.later())
	}
}

// TestCrowded tells a machine that is too small from one that others use.
func TestCrowded(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want bool
	}{
		{Result{}, false},
		{Result{Troubles: []string{"late"}, OthersCPU: 20}, true},
		{Result{Troubles: []string{"late"}, OthersCPU: 900}, false},
	} {
		if got := c.r.crowded(); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
}
