package ingest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// tape is a decoder that keeps what it is given.
type tape struct {
	units [][]byte
	lost  int // MarkLoss was called so often
}

func (d *tape) Decode(au []byte) (*image.YCbCr, error) {
	d.units = append(d.units, bytes.Clone(au))
	return nil, nil
}
func (d *tape) MarkLoss()    { d.lost++ }
func (d *tape) Close() error { return nil }

// unobserved takes times and forgets them.
type unobserved struct{}

func (unobserved) Observe(float64) {}

// reel is a Video that plays on a tape.
type reel struct {
	*ingest.Video
	tape
	asked int
	now   time.Time
}

func newReel() *reel { return newReelOf(&payload.H264Joiner{}) }

func newReelOf(joiner payload.Joiner) *reel {
	r := &reel{now: epoch}
	r.Video = ingest.NewVideo(ingest.VideoConfig{
		Joiner:  joiner,
		Turns:   make(chan struct{}, 1),
		Decoder: &r.tape, Pool: yuv.NewPool(3), RequestKeyFrame: func() { r.asked++ },
		Reassembled: unobserved{}, Decoded: unobserved{},
	})
	r.Show(image.Pt(64, 36), nil, epoch)
	return r
}

// push sends packets, the given time apart.
func (r *reel) push(apart time.Duration, packets ...rtp.Packet) {
	for i := range packets {
		r.Push(&packets[i], r.now)
		r.now = r.now.Add(apart)
	}
}

// nal is a NAL unit of a type and a length, whose bytes are all b.
func nal(kind, b byte, length int) []byte {
	return append([]byte{0x60 | kind}, bytes.Repeat([]byte{b}, length-1)...)
}

// annexB joins NAL units.
func annexB(nals ...[]byte) []byte {
	var au []byte
	for _, n := range nals {
		au = append(append(au, 0, 0, 0, 1), n...)
	}
	return au
}

// packets cuts access units into packets of consecutive numbers, 3000 ticks
// apart.
func packets(seq uint16, units ...[]byte) []rtp.Packet {
	var out []rtp.Packet
	var payloader codecs.H264Payloader
	for i, unit := range units {
		payloads := payloader.Payload(1180, unit)
		for j, p := range payloads {
			out = append(out, rtp.Packet{Header: rtp.Header{
				Version: 2, SequenceNumber: seq, Timestamp: uint32(1<<32 - 6000 + 3000*i), Marker: j == len(payloads)-1,
			}, Payload: p})
			seq++
		}
	}
	return out
}

// clip is n access units, each of which is told from the others by its bytes and
// has a slice of two or three packets and a short one.
func clip(n int) [][]byte {
	units := make([][]byte, n)
	for i := range units {
		units[i] = annexB(nal(1, byte(i+1), 2500), nal(1, byte(i+1), 20))
	}
	return units
}

// without leaves out packets by their place.
func without(p []rtp.Packet, places ...int) []rtp.Packet {
	out := []rtp.Packet{}
	for i := range p {
		if !slices.Contains(places, i) {
			out = append(out, p[i])
		}
	}
	return out
}

// TestQueue plays six access units of four packets each, changed in some way.
func TestQueue(t *testing.T) {
	units := clip(6)
	swap := func(p []rtp.Packet, a, b int) []rtp.Packet { p[a], p[b] = p[b], p[a]; return p }
	for _, c := range []struct {
		name    string
		change  func([]rtp.Packet) []rtp.Packet
		want    []int // the access units that come out
		lost    uint64
		dropped uint64
	}{
		{"in order", func(p []rtp.Packet) []rtp.Packet { return p }, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"two exchanged", func(p []rtp.Packet) []rtp.Packet { return swap(p, 5, 6) }, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"the first two exchanged", func(p []rtp.Packet) []rtp.Packet { return swap(p, 0, 1) }, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"the first one late", func(p []rtp.Packet) []rtp.Packet {
			return slices.Concat(p[1:3], p[:1], p[3:])
		}, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"a marker early", func(p []rtp.Packet) []rtp.Packet { return swap(p, 6, 7) }, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"exchanged across access units", func(p []rtp.Packet) []rtp.Packet { return swap(p, 7, 8) }, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"far behind", func(p []rtp.Packet) []rtp.Packet {
			return slices.Concat(p[:5], p[6:12], p[5:6], p[12:])
		}, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"each twice", func(p []rtp.Packet) []rtp.Packet {
			var out []rtp.Packet
			for i := range p {
				out = append(out, p[i], p[i])
			}
			return out
		}, []int{0, 1, 2, 3, 4, 5}, 0, 24},
		// Its last slice comes out: whether it is an access unit of its own cannot
		// be told, and the decoder knows of the loss.
		{"first packet lost", func(p []rtp.Packet) []rtp.Packet { return without(p, 4) }, []int{0, 1, 2, 3, 4, 5}, 1, 0},
		{"packet within lost", func(p []rtp.Packet) []rtp.Packet { return without(p, 5) }, []int{0, 2, 3, 4, 5}, 1, 0},
		{"last packet lost", func(p []rtp.Packet) []rtp.Packet { return without(p, 7) }, []int{0, 2, 3, 4, 5}, 1, 0},
		{"one access unit lost", func(p []rtp.Packet) []rtp.Packet { return without(p, 4, 5, 6, 7) }, []int{0, 2, 3, 4, 5}, 1, 0},
		{"two losses", func(p []rtp.Packet) []rtp.Packet { return without(p, 5, 13) }, []int{0, 2, 4, 5}, 2, 0},
		{"marker lost from the bit", func(p []rtp.Packet) []rtp.Packet {
			for i := range p {
				p[i].Marker = false
			}
			return p
		}, []int{0, 1, 2, 3, 4}, 0, 0}, // the last one may go on
		{"late by more than is waited for", func(p []rtp.Packet) []rtp.Packet {
			return slices.Concat(p[:5], p[6:], p[5:6])
		}, []int{0, 2, 3, 4, 5}, 1, 1},
		{"numbers begin anew", func(p []rtp.Packet) []rtp.Packet {
			for i := 12; i < len(p); i++ {
				p[i].SequenceNumber += 30_000
			}
			return p
		}, []int{0, 1, 2, 3, 4, 5}, 1, 0},
		{"numbers begin anew, lower", func(p []rtp.Packet) []rtp.Packet {
			for i := 12; i < len(p); i++ {
				p[i].SequenceNumber -= 30_000
			}
			return p
		}, []int{0, 1, 2, 3, 4, 5}, 1, 0},
		{"a long gap", func(p []rtp.Packet) []rtp.Packet {
			for i := 12; i < len(p); i++ {
				p[i].SequenceNumber += 2000
			}
			return p
		}, []int{0, 1, 2, 3, 4, 5}, 1, 0},
		{"a fragment with no end", func(p []rtp.Packet) []rtp.Packet {
			p[6].Payload[1] &^= 0x40
			return p
		}, []int{0, 2, 3, 4, 5}, 1, 0},
		{"a fragment with no beginning", func(p []rtp.Packet) []rtp.Packet {
			p[4].Payload[1] &^= 0x80
			return p
		}, []int{0, 2, 3, 4, 5}, 1, 0},
		{"padding between pictures, and within", func(p []rtp.Packet) []rtp.Packet {
			out := []rtp.Packet{}
			for i, packet := range p {
				padding := packet
				padding.Payload, padding.Marker = nil, i%2 == 0
				padding.SequenceNumber = packet.SequenceNumber + uint16(i) + 1
				packet.SequenceNumber += uint16(i)
				out = append(out, packet, padding)
			}
			return out
		}, []int{0, 1, 2, 3, 4, 5}, 0, 0},
		{"too long a payload", func(p []rtp.Packet) []rtp.Packet {
			p[7].Payload = make([]byte, 2000)
			return p
		}, []int{0, 2, 3, 4, 5}, 1, 1},
	} {
		// Wherever the numbers stand, they may wrap around.
		for _, seq := range []uint16{0, 1, 2047, 30_000, 65_529, 65_535} {
			t.Run(fmt.Sprint(c.name, " from ", seq), func(t *testing.T) {
				r := newReel()
				r.push(30*time.Millisecond, c.change(packets(seq, units...))...)
				if got := numbers(r.units); !slices.Equal(got, c.want) {
					t.Errorf("access units %v came out, not %v", got, c.want)
				}
				if s := r.Stats(); s.Lost != c.lost || s.Dropped != c.dropped {
					t.Errorf("lost %d, dropped %d; not %d and %d", s.Lost, s.Dropped, c.lost, c.dropped)
				}
				if r.lost != int(c.lost) {
					t.Errorf("the decoder was told of %d losses", r.lost)
				}
			})
		}
	}
}

// numbers tells access units of a clip apart.
func numbers(units [][]byte) []int {
	var n []int
	for _, u := range units {
		n = append(n, int(u[len(u)-1])-1)
	}
	return n
}

// TestQueueProperty disturbs packets in every way that a network does. What
// comes out is what went in, in order; nothing but what was hit is missing.
func TestQueueProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := clip(rapid.IntRange(1, 20).Draw(t, "units"))
		sent := packets(rapid.Uint16().Draw(t, "seq"), units...)
		hit := map[uint32]bool{} // timestamps of access units with a loss
		var came []rtp.Packet
		for i, p := range sent {
			switch rapid.SampledFrom([]string{"", "", "", "", "", "", "late", "twice", "lost"}).Draw(t, "fate") {
			case "lost":
				// The first one says where the stream begins.
				if i > 0 {
					hit[p.Timestamp] = true
					continue
				}
			case "twice":
				came = append(came, p)
			case "late":
				if n := len(came); n > 1 {
					came = slices.Insert(came, n-rapid.IntRange(0, min(n-1, 8)).Draw(t, "places"), p)
					continue
				}
			}
			came = append(came, p)
		}
		r := newReel()
		r.push(time.Millisecond, came...)
		// Later packets show what is missing, until it is given up.
		end := clip(10)
		for i := range end {
			end[i] = annexB(nal(1, 200, 20))
		}
		tail := packets(sent[len(sent)-1].SequenceNumber+1, end...)
		for i := range tail {
			tail[i].Timestamp += uint32(3000 * len(units))
		}
		r.push(100*time.Millisecond, tail...)
		var want [][]byte
		for i, u := range units {
			if !hit[uint32(1<<32-6000+3000*i)] {
				want = append(want, u)
			}
		}
		want = append(want, end...)
		var got [][]byte
		for _, u := range r.units {
			// Of one that was hit at its beginning, what is left of it may come: the
			// decoder has been told.
			if len(u) >= len(units[0]) || bytes.Equal(u, end[0]) {
				got = append(got, u)
			} else if r.lost == 0 {
				t.Errorf("a part of an access unit came out, and no loss was told")
			}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%v came out, not %v", numbers(got), numbers(want))
		}
		if len(hit) == 0 && r.lost > 0 {
			t.Errorf("%d losses were told, and nothing was lost", r.lost)
		}
	})
}

// TestManyLosses loses every fifth access unit for half a minute: losses do not
// wait for one another.
func TestManyLosses(t *testing.T) {
	units := make([][]byte, 1000)
	for i := range units {
		units[i] = annexB(nal(1, byte(i), 20))
	}
	r := newReel()
	want := 0
	for i, p := range packets(65_000, units...) {
		if i%5 != 4 {
			r.push(0, p)
			want++
		}
		r.now = r.now.Add(33 * time.Millisecond)
		if behind := want - len(r.units); behind > 8 {
			t.Fatalf("after %v, %d access units are held back", r.now.Sub(epoch), behind)
		}
	}
}

// unit is the payloads of one access unit.
type unit struct {
	name     string
	payloads [][]byte
	want     []byte // nil: nothing comes out, and a loss is told
}

// depacketize feeds the payloads of access units, each to another reel.
func depacketize(t *testing.T, newReel func() *reel, units []unit) {
	t.Helper()
	for _, c := range units {
		t.Run(c.name, func(t *testing.T) {
			r := newReel()
			for i, p := range c.payloads {
				r.push(0, rtp.Packet{Header: rtp.Header{
					SequenceNumber: uint16(i), Marker: i == len(c.payloads)-1,
				}, Payload: p})
			}
			switch {
			case c.want == nil && (len(r.units) > 0 || r.lost == 0):
				t.Errorf("%x came out, %d losses were told", r.units, r.lost)
			case c.want != nil && (len(r.units) != 1 || !bytes.Equal(r.units[0], c.want)):
				t.Errorf("%x came out, not %x", r.units, c.want)
			}
		})
	}
}

// TestDepacketize feeds single payloads.
func TestDepacketize(t *testing.T) {
	stap := func(nals ...[]byte) []byte {
		p := []byte{0x78}
		for _, n := range nals {
			p = append(binary.BigEndian.AppendUint16(p, uint16(len(n))), n...)
		}
		return p
	}
	a, b := nal(7, 1, 10), nal(5, 2, 30)
	depacketize(t, newReel, []unit{
		{"one NAL unit", [][]byte{a}, annexB(a)},
		{"two NAL units", [][]byte{a, b}, annexB(a, b)},
		{"STAP-A", [][]byte{stap(a, b)}, annexB(a, b)},
		{"STAP-A and one", [][]byte{stap(a), b}, annexB(a, b)},
		{"FU-A in one", [][]byte{append([]byte{0x7c, 0xc5}, b[1:]...)}, annexB(b)},
		{"FU-A in two", [][]byte{append([]byte{0x7c, 0x85}, b[1:9]...), append([]byte{0x7c, 0x45}, b[9:]...)}, annexB(b)},
		{"type 0", [][]byte{{0x60, 1, 2}}, nil},
		{"type 30", [][]byte{{0x7e, 1, 2}}, nil},
		{"STAP-B", [][]byte{append([]byte{0x79, 0, 0}, stap(a)[1:]...)}, nil},
		{"FU-B", [][]byte{append([]byte{0x7d, 0xc5, 0, 0}, b[1:]...)}, nil},
		{"STAP-A cut", [][]byte{stap(a, b)[:20]}, nil},
		{"STAP-A of length 0", [][]byte{{0x78, 0, 0}}, nil},
		{"STAP-A of half a length", [][]byte{append(stap(a), 0)}, nil},
		{"FU-A header alone", [][]byte{{0x7c}}, nil},
		{"FU-A twice begun", [][]byte{{0x7c, 0x85, 1}, {0x7c, 0x85, 1}, {0x7c, 0x45, 1}}, nil},
		{"FU-A broken off", [][]byte{{0x7c, 0x85, 1}, a}, nil},
		{"FU-A not ended", [][]byte{{0x7c, 0x85, 1}, {0x7c, 0x05, 1}}, nil},
		{"FU-A not begun", [][]byte{{0x7c, 0x05, 1}, {0x7c, 0x45, 1}}, nil},
	})
}

// TestQueueBounded sends one access unit that never ends, in order and with
// holes: memory stays within the window.
func TestQueueBounded(t *testing.T) {
	for _, every := range []int{1, 2} {
		r := newReel()
		p := rtp.Packet{Payload: append([]byte{0x7c, 0x05}, make([]byte, 1400)...)}
		send := func() {
			for range 10_000 {
				p.SequenceNumber += uint16(every)
				r.now = r.now.Add(time.Millisecond)
				r.Push(&p, r.now)
			}
		}
		send()
		if n := testing.AllocsPerRun(3, send); n > 0 {
			t.Errorf("10000 packets made %v allocations", n)
		}
		if len(r.units) > 0 || r.lost == 0 {
			t.Errorf("%d access units came out, %d losses were told", len(r.units), r.lost)
		}
		if most := int(r.now.Sub(epoch)/time.Second) + 1; r.asked == 0 || r.asked > most {
			t.Errorf("%d key frames were asked for in %v", r.asked, r.now.Sub(epoch))
		}
	}
}
