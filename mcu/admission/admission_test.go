package admission_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/admission"
)

// TestWaiting has clients come from a few addresses, one of which comes all the time.
func TestWaiting(t *testing.T) {
	one, two, none := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64"), netip.Prefix{}
	begin := time.Now()
	var evicted []string
	w := admission.New(admission.Bounds{All: 4, PerHost: 2, Grace: 3 * time.Second})
	tickets := map[string]*admission.Ticket{}
	for _, c := range []struct {
		name    string
		from    netip.Prefix
		at      time.Duration
		evicted []string // so far
		busy    bool
	}{
		{"a", one, 0, nil, false},
		{"b", one, time.Second, nil, false},
		{"c", one, 2 * time.Second, nil, true},
		{"d", two, 2 * time.Second, nil, false},
		{"e", one, 3 * time.Second, []string{"a"}, false},
		{"f", none, 3 * time.Second, []string{"a"}, false},
		{"g", none, 3 * time.Second, []string{"a"}, true}, // four wait, the oldest for two seconds
		{"h", none, 4 * time.Second, []string{"a", "b"}, false},
	} {
		ticket, err := w.Enter(c.from, begin.Add(c.at), func() { evicted = append(evicted, c.name) })
		if errors.Is(err, admission.ErrBusy) != c.busy || !slices.Equal(evicted, c.evicted) {
			t.Errorf("%s: %v, evicted are %v, want %v", c.name, err, evicted, c.evicted)
		}
		tickets[c.name] = ticket
	}
	for range 2 {
		w.Leave(tickets["h"])
	}
	if w.Len() != 3 {
		t.Errorf("%d wait, want 3", w.Len())
	}
}
