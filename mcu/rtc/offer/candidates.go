package offer

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// candidates puts a section's candidates into one order, the same each time: what most clients
// reach stands first, because some clients try only the first. Loopback stands last, and only
// for clients that may be on this machine. RTCP has no candidates, because it shares a
// port with RTP.
func candidates(m *sdp.MediaDescription, local bool) {
	var all, rest []sdp.Attribute
	for _, a := range m.Attributes {
		if a.Key != "candidate" {
			rest = append(rest, a)
			continue
		}
		c := readCandidate(a.Value)
		if c.component == "1" && (local || !c.loopback) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == "candidate" && readCandidate(a.Value).component != "1"
		})
		return
	}
	slices.SortStableFunc(all, func(a, b sdp.Attribute) int {
		x, y := readCandidate(a.Value), readCandidate(b.Value)
		if x.rank() != y.rank() {
			return x.rank() - y.rank()
		}
		return x.address.Compare(y.address)
	})
	end := slices.IndexFunc(rest, func(a sdp.Attribute) bool { return a.Key == "end-of-candidates" })
	if end < 0 {
		end = len(rest)
	}
	m.Attributes = slices.Concat(rest[:end], all, rest[end:])
}

type candidate struct {
	component     string
	address       netip.Addr
	loopback, tcp bool
	host          bool
}

func readCandidate(value string) (c candidate) {
	fields := strings.Fields(value)
	if len(fields) < 8 {
		return c
	}
	c.component, c.tcp, c.host = fields[1], strings.EqualFold(fields[2], "tcp"), fields[7] == "host"
	c.address, _ = netip.ParseAddr(fields[4])
	c.loopback = c.address.IsLoopback()
	return c
}

func (c candidate) rank() (n int) {
	if c.loopback {
		n += 8
	}
	if c.tcp {
		n += 4
	}
	if !c.host {
		n += 2
	}
	if c.address.Is6() {
		n++
	}
	return n
}
