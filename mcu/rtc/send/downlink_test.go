package send

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"tilemix/mcu/packet"
)

// wire is a negotiated track that keeps what is written to it.
type wire struct {
	ssrc    uint32
	pt      uint8
	headers []rtp.Header
	bodies  [][]byte
	written atomic.Int64 // packets, for a test beside a goroutine that writes
	number  bool         // transport-wide numbers were negotiated
	rtx     bool         // so were retransmissions
	forget  bool
	err     error
}

func (w *wire) binding() Binding {
	b := Binding{Writer: w, SSRC: w.ssrc, PayloadType: w.pt}
	if w.number {
		b.TWCCID = 5
	}
	if w.rtx {
		b.RTXSSRC, b.RTXPayloadType = w.ssrc+1000, 127
	}
	return b
}

// WriteRTP keeps a copy of a packet.
func (w *wire) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	if w.forget {
		return len(p), nil
	}
	w.headers = append(w.headers, h.Clone())
	w.bodies = append(w.bodies, bytes.Clone(p))
	w.written.Add(1)
	// As an interceptor does.
	if err := h.SetExtension(3, []byte{1, 2}); err != nil {
		return 0, err
	}
	return len(p), w.err
}

func newWire(pt uint8, ssrc uint32) *wire { return &wire{ssrc: ssrc, pt: pt} }

// TestDownlink feeds a downlink from sources of any timestamps, with
// connections that come and go: what leaves is one stream for each connection.
func TestDownlink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewVideo(quietPath())
		first, second := newWire(102, 1), newWire(109, 2)
		bound := first
		payload := []byte{0x41, 1, 2, 3}
		timestamp := rapid.Uint32().Draw(t, "timestamp")
		var started, open, negotiated bool
		wrote := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				d.Bind(bound.binding())
				negotiated, started = true, false
			case 1:
				d.Open()
				open = true
			case 2:
				d.Unbind(time.Now())
				negotiated, started = false, false
				bound = second
			}
			timestamp += rapid.Uint32Range(1, 9000).Draw(t, "step in time")
			p := packet.Packets{Timestamp: timestamp, Key: rapid.Bool().Draw(t, "key")}
			for range rapid.IntRange(1, 4).Draw(t, "packets") {
				p.Payloads = append(p.Payloads, payload)
			}
			if d.Ready() != (open && negotiated) || d.Waits() != (open && negotiated && !started) {
				t.Fatalf("ready %v, waits %v: open %v, negotiated %v, started %v", d.Ready(), d.Waits(), open, negotiated, started)
			}
			want := open && negotiated && (started || p.Key)
			if got := d.Write(p, time.Now()); got != want {
				t.Fatalf("written %v, not %v", got, want)
			}
			if want {
				started = true
				wrote += len(p.Payloads)
				last := bound.headers[len(bound.headers)-1]
				if !last.Marker || last.SSRC != bound.ssrc || last.PayloadType != bound.pt {
					t.Fatalf("header %+v", last)
				}
				if last.Timestamp != d.base+timestamp {
					t.Fatalf("timestamp %d", last.Timestamp)
				}
			}
		}
		for _, w := range []*wire{first, second} {
			for i, h := range w.headers {
				if h.Extension || len(h.Extensions) > 0 {
					t.Fatal("an extension of another packet")
				}
				if i > 0 && h.SequenceNumber != w.headers[i-1].SequenceNumber+1 {
					t.Fatalf("packet %d follows %d", h.SequenceNumber, w.headers[i-1].SequenceNumber)
				}
				if i > 0 && w.headers[i-1].Marker == (h.Timestamp == w.headers[i-1].Timestamp) {
					t.Fatal("a marker not at the end")
				}
			}
		}
		if n := d.Stats(); n != (Stats{Packets: uint64(wrote), Bytes: uint64(4 * wrote)}) {
			t.Fatalf("%+v", n)
		}
	})
}

func TestDownlinkRefuses(t *testing.T) {
	path := quietPath()
	d := NewAudio(path)
	w := newWire(111, 1)
	w.err = errors.New("no")
	d.Bind(w.binding())
	d.Open()
	d.Write(packet.Packets{Payloads: [][]byte{{1}}, Key: true}, time.Now())
	if errs := d.Stats().Errors; errs != 1 || path.counters.Errors.Load() != 1 {
		t.Errorf("%d errors counted, %d of all downlinks", errs, path.counters.Errors.Load())
	}
	if w.headers[0].Marker {
		t.Error("sound has a marker")
	}
}

// written is a downlink that writes to nowhere, and five packets for it.
func written(tb testing.TB) (*Downlink, packet.Packets) {
	tb.Helper()
	d := NewVideo(quietPath())
	w := newWire(102, 1)
	w.forget = true
	d.Bind(w.binding())
	d.Open()
	p := packet.Packets{Key: true}
	for range 5 {
		p.Payloads = append(p.Payloads, make([]byte, 1180))
	}
	return d, p
}

func TestDownlinkAllocates(t *testing.T) {
	d, p := written(t)
	for range 2 * historyUnits { // until what is kept fills its memory
		d.Write(p, time.Now())
	}
	if n := testing.AllocsPerRun(100, func() { d.Write(p, time.Now()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDownlinkWrite is an access unit of five packets, without what pion
// and the kernel do.
func BenchmarkDownlinkWrite(b *testing.B) {
	d, p := written(b)
	b.ReportAllocs()
	for b.Loop() {
		d.Write(p, time.Now())
	}
}

func quietPath() *Path {
	return NewPath(func([]rtcp.Packet) error { return nil }, NewPacer(), &Counters{}, time.Now())
}

// TestHandOver has another clock go on with a downlink, whose timestamps are a little behind: the
// stream goes on as one, with a key unit, and nothing of before is sent again.
func TestHandOver(t *testing.T) {
	w := newWire(102, 1)
	w.rtx = true
	d := NewVideo(quietPath())
	d.Bind(w.binding())
	d.Open()
	payload := []byte{0x41, 1, 2, 3}
	write := func(timestamp uint32, key bool) bool {
		return d.Write(packet.Packets{Timestamp: timestamp, Key: key, Payloads: [][]byte{payload}}, time.Now())
	}
	write(90_000, true)
	write(93_000, false)
	before := w.headers[1]
	d.HandOver(time.Now())
	if !d.Settled() || !d.Waits() || write(96_000, false) {
		t.Error("the stream goes on without a key unit")
	}
	for _, timestamp := range []uint32{92_000, 95_000} {
		write(timestamp, timestamp == 92_000)
	}
	for i, want := range []uint32{before.Timestamp + 90, before.Timestamp + 3090} {
		h := w.headers[2+i]
		if h.SSRC != before.SSRC || h.SequenceNumber != before.SequenceNumber+uint16(i)+1 || h.Timestamp != want {
			t.Errorf("packet %d is %d at %d, not %d at %d", i, h.SequenceNumber, h.Timestamp, before.SequenceNumber+uint16(i)+1, want)
		}
	}
	if u, _ := d.rtx.history.find(before.SequenceNumber); u != nil {
		t.Error("a packet of before would be sent again")
	}
}
