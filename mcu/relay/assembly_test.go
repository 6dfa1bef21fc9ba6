package relay

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/table"
)

var epoch = time.Unix(1_700_000_000, 0)

// wire is packets of numbered access units, as a home sends them.
type wire struct {
	codec    codec.Kind
	sequence uint16
	packets  []*rtp.Packet
	units    [][]byte
}

// nal is a slice of a picture in Annex B. It has no zeros but the start code.
func nal(key bool, number, size int) []byte {
	header := byte(0x41)
	if key {
		header = 0x65
	}
	return append([]byte{0, 0, 0, 1, header, byte(number%200 + 1)}, bytes.Repeat([]byte{7}, size)...)
}

// vp8 is a picture of VP8, whose first bit says that it is no key frame.
func vp8(key bool, number, size int) []byte {
	first := []byte{1, 1, 1}
	if key {
		first = []byte{0x10, 1, 1, 0x9d, 1, 0x2a, 64, 0, 64, 0}
	}
	return append(append(first, byte(number%200+1)), bytes.Repeat([]byte{7}, size)...)
}

// add sends a unit of so many bytes.
func (w *wire) add(key bool, size int) {
	make := nal
	if w.codec == codec.VP8 {
		make = vp8
	}
	au := make(key, len(w.units), size)
	payloads := table.Of(w.codec).NewSplitter().Split(au)
	for i, p := range payloads {
		w.packets = append(w.packets, &rtp.Packet{Header: rtp.Header{
			SequenceNumber: w.sequence, Timestamp: uint32(len(w.units)) * 3000, Marker: i == len(payloads)-1,
		}, Payload: slices.Clone(p)})
		w.sequence++
	}
	w.units = append(w.units, au)
}

// taken is what an assembly gave.
type taken struct {
	number int
	key    bool
	bytes  []byte
}

// feed pushes packets, a millisecond apart, and returns what came, joined again.
func feed(a *assembly, kind codec.Kind, packets []*rtp.Packet) (all []taken) {
	for i, p := range packets {
		a.push(&p.Header, p.Payload, epoch.Add(time.Duration(i)*time.Millisecond), func(u unit) {
			j := table.Of(kind).NewJoiner()
			j.Reset()
			for _, p := range u.payloads {
				j.Add(p)
			}
			all = append(all, taken{int(u.timestamp / 3000), u.key, slices.Clone(j.Unit())})
		})
	}
	return all
}

// TestAssembly puts packets together that come a little out of order and some of them twice, over the wrap of
// sequence numbers: what leaves is what the home encoded, in its order.
func TestAssembly(t *testing.T) {
	for _, kind := range []codec.Kind{codec.H264, codec.VP8} {
		rapid.Check(t, func(t *rapid.T) {
			w := &wire{codec: kind, sequence: uint16(rapid.IntRange(0, 65535).Draw(t, "first"))}
			for i := range rapid.IntRange(1, 12).Draw(t, "units") {
				w.add(i == 0 || rapid.Bool().Draw(t, "key"), rapid.IntRange(20, 5000).Draw(t, "size"))
			}
			packets := slices.Clone(w.packets)
			for range rapid.IntRange(0, 10).Draw(t, "changes") {
				i := rapid.IntRange(1, max(1, len(packets)-1)).Draw(t, "at")
				if i+1 < len(packets) && rapid.Bool().Draw(t, "swap") {
					packets[i], packets[i+1] = packets[i+1], packets[i]
				} else if i < len(packets) {
					packets = slices.Insert(packets, i, packets[i-1])
				}
			}
			got := feed(newAssembly(table.Of(kind)), kind, packets)
			if len(got) != len(w.units) {
				t.Fatalf("%d units of %d", len(got), len(w.units))
			}
			for i, u := range got {
				if u.number != i || !bytes.Equal(u.bytes, w.units[i]) || u.key != table.Of(kind).IsKey(w.units[i]) {
					t.Fatalf("unit %d is %d, key %v, %d bytes of %d", i, u.number, u.key, len(u.bytes), len(w.units[i]))
				}
			}
		})
	}
}

// TestLoss loses packets for good. After some time the assembly goes on with the next key unit, and says until then that
// it needs one. What it gives can be decoded: after a gap a key unit is first.
func TestLoss(t *testing.T) {
	for _, kind := range []codec.Kind{codec.H264, codec.VP8} {
		rapid.Check(t, func(t *rapid.T) {
			w := &wire{codec: kind}
			for i := range 60 {
				w.add(i%20 == 0, rapid.IntRange(20, 3000).Draw(t, "size"))
			}
			lost := map[int]bool{}
			for range rapid.IntRange(1, 4).Draw(t, "losses") {
				lost[rapid.IntRange(1, len(w.packets)/2).Draw(t, "lost")] = true
			}
			var packets []*rtp.Packet
			gone := map[uint32]bool{} // units
			for i, p := range w.packets {
				if lost[i] {
					gone[p.Timestamp/3000] = true
					continue
				}
				packets = append(packets, p)
			}
			a := newAssembly(table.Of(kind))
			var got []taken
			for i, p := range packets {
				at := epoch.Add(time.Duration(i) * 100 * time.Millisecond)
				a.push(&p.Header, p.Payload, at, func(u unit) { got = append(got, taken{number: int(u.timestamp / 3000), key: u.key}) })
			}
			last := -1
			for _, u := range got {
				if gone[uint32(u.number)] {
					t.Fatalf("unit %d leaves, of which a packet is lost", u.number)
				}
				if u.number != last+1 && !u.key {
					t.Fatalf("unit %d follows %d and is no key unit; lost %v", u.number, last, gone)
				}
				last = u.number
			}
			if last != 59 {
				t.Fatalf("the last is %d", last)
			}
		})
	}
}

// TestLeaps begins in the middle of a unit, and leaps over more than the window.
func TestLeaps(t *testing.T) {
	w := &wire{codec: codec.H264}
	w.add(true, 5000)
	w.add(false, 100)
	w.sequence += 3 * window
	w.add(false, 100)
	w.add(true, 5000)
	w.add(false, 100)
	a := newAssembly(table.Of(codec.H264))
	if broken := !a.push(&w.packets[1].Header, w.packets[1].Payload, epoch, func(unit) {}); !broken {
		t.Error("half a picture needs no key frame")
	}
	got := feed(a, codec.H264, w.packets[2:])
	if text := fmt.Sprint(len(got)); text != "2" || got[0].number != 3 || !got[0].key || got[1].number != 4 {
		t.Errorf("got %+v", got)
	}
}

// TestSoundAssembly gives blocks in order, and waits for one that is missing for hasty at most.
func TestSoundAssembly(t *testing.T) {
	a := newAssembly(nil)
	var got []uint32
	push := func(n uint16, at time.Duration) {
		h := rtp.Header{SequenceNumber: n, Timestamp: uint32(n) * 960}
		a.push(&h, []byte{byte(n)}, epoch.Add(at), func(u unit) {
			if !u.key || len(u.payloads) != 1 {
				t.Errorf("block %+v", u)
			}
			got = append(got, u.timestamp/960)
		})
	}
	push(10, 0)
	push(12, 20*time.Millisecond)
	push(11, 30*time.Millisecond)
	push(14, 60*time.Millisecond)
	push(15, 80*time.Millisecond)
	if !slices.Equal(got, []uint32{10, 11, 12}) {
		t.Errorf("before one is given up: %v", got)
	}
	push(16, 60*time.Millisecond+hasty)
	push(13, 150*time.Millisecond)
	if !slices.Equal(got, []uint32{10, 11, 12, 14, 15, 16}) {
		t.Errorf("after: %v", got)
	}
}

// TestAssemblyAllocates: packets of a steady stream allocate nothing.
func TestAssemblyAllocates(t *testing.T) {
	w := &wire{codec: codec.H264}
	for i := range 2 * window {
		w.add(i == 0, 3000)
	}
	a, n := newAssembly(table.Of(codec.H264)), 0
	next := func() {
		p := w.packets[n]
		n++
		a.push(&p.Header, p.Payload, epoch, func(unit) {})
	}
	for range window + 10 {
		next()
	}
	if allocs := testing.AllocsPerRun(1000, next); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
