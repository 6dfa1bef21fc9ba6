package udp

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestBatchKeepsTheOrder adds any packets to a batch. Each run is what one message carries,
// and for each address the packets stay in order.
func TestBatchKeepsTheOrder(t *testing.T) {
	b := newBatch(openConn(t))
	places := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2"), netip.MustParseAddrPort("[::1]:1")}
	rapid.Check(t, func(t *rapid.T) {
		b.n = 0
		size := rapid.OneOf(rapid.SampledFrom([]int{100, 1200}), rapid.IntRange(1, 1500))
		type sent struct {
			data *byte
			to   netip.AddrPort
		}
		var added []sent
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			data, to := make([]byte, size.Draw(t, "size")), rapid.SampledFrom(places).Draw(t, "to")
			if !b.add(data, to) {
				if b.n != maxRuns {
					t.Fatalf("no room after %d runs", b.n)
				}
				break
			}
			added = append(added, sent{&data[0], to})
		}
		n := 0
		for i := range b.n {
			r := &b.runs[i]
			bytes := 0
			for k, p := range r.packets {
				if added[n].data != &p[0] || added[n].to != r.to {
					t.Fatalf("packet %d is another", n)
				}
				if len(p) > r.size || len(p) < r.size && k != len(r.packets)-1 {
					t.Fatalf("packet %d of %d in a run of %d bytes each has %d", k, len(r.packets), r.size, len(p))
				}
				n, bytes = n+1, bytes+len(p)
			}
			if len(r.packets) > maxSegments || bytes > maxBytes || bytes != r.bytes {
				t.Fatalf("a run of %d packets and %d bytes", len(r.packets), bytes)
			}
		}
		if n != len(added) {
			t.Fatalf("%d packets of %d are in the runs", n, len(added))
		}
	})
}

// TestSegmentSize reads the control messages of joined datagrams.
func TestSegmentSize(t *testing.T) {
	gro := func(size int) []byte { // as segmentation, but for its kind and a size of four bytes
		oob := segmentation(make([]byte, 24), size)
		oob[12] = unix.UDP_GRO
		return oob
	}
	for _, c := range []struct {
		name string
		oob  []byte
		n    int
		want int
	}{
		{"joined", gro(1200), 3000, 1200},
		{"of no size", gro(0), 3000, 1},
		{"no message", nil, 700, 700},
		{"an empty datagram", nil, 0, 1},
		{"half a message", gro(1200)[:12], 700, 700},
		{"another message", segmentation(make([]byte, 24), 1200), 700, 700},
	} {
		if got := segmentSize(c.oob, c.n); got != c.want {
			t.Errorf("%s: segments of %d bytes, not %d", c.name, got, c.want)
		}
	}
}
