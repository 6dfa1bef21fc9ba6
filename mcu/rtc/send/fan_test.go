package send

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"tilemix/mcu/packet"
)

// counted is a track that checks the order of what is written to it, by one goroutine at
// a time.
type counted struct {
	busy    atomic.Bool
	units   uint32 // that ended
	last    uint32 // unit
	seq     uint16
	wrong   int // out of order, twice, or at once
	missing uint32
}

// WriteRTP checks a packet. Its payload begins with the number of its unit.
func (c *counted) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	if !c.busy.CompareAndSwap(false, true) {
		c.wrong++
		return 0, nil
	}
	defer c.busy.Store(false)
	n := binary.BigEndian.Uint32(p)
	if c.units > 0 && (h.SequenceNumber != c.seq+1 || n <= c.last) {
		c.wrong++
	}
	c.missing += n - c.last - 1
	c.seq, c.last = h.SequenceNumber, n
	c.units++
	return len(p), nil
}

// numbered is a unit of one packet that carries its number, from 1.
func numbered(n uint32, key bool) packet.Packets {
	return packet.Packets{Payloads: [][]byte{binary.BigEndian.AppendUint32(nil, n)}, Timestamp: n * 3000, Key: key}
}

// crowd is many downlinks of one kind, and what arrives of each.
func crowd(kind kind, n int) (all []*Downlink, arrived []*counted) {
	path := quietPath()
	for i := range n {
		c := &counted{}
		d := newDownlink(kind, path)
		d.Bind(Binding{Writer: c, SSRC: uint32(i + 1), PayloadType: 102})
		d.Open()
		all, arrived = append(all, d), append(arrived, c)
	}
	return all, arrived
}

func spread(f *Fan, all []*Downlink) {
	f.Spread(len(all))
	for i, d := range all {
		d.Assign(f.Writer(i))
	}
}

// TestFanKeepsOrder moves downlinks between the clock and more and fewer writers, at any
// time: each has every unit once, in order.
func TestFanKeepsOrder(t *testing.T) {
	const downlinks, units = 500, 400
	f := NewFan(func(time.Duration) {})
	all, arrived := crowd(video, downlinks)
	var pool packet.UnitPool
	random := rand.New(rand.NewPCG(1, 2))
	for n := uint32(1); n <= units; n++ {
		if n%5 == 0 {
			spread(f, all[:1+random.IntN(downlinks)])
		}
		p := numbered(n, n == 1)
		p.Buffer = pool.Put(p.Payloads)
		p.Payloads = p.Buffer.Payloads()
		for _, d := range all {
			if !d.Write(p, time.Now()) {
				t.Fatalf("unit %d was not taken", n)
			}
		}
		p.Buffer.Release()
		f.Flush(time.Time{}, time.Now())
		for full := true; full; { // so that nothing is dropped
			full = false
			for _, w := range f.writers {
				full = full || w.staged-w.tail.Load() > writerUnits/2
			}
		}
	}
	f.Close()
	for i, c := range arrived {
		if c.units != units || c.wrong > 0 {
			t.Fatalf("downlink %d: %d units of %d, %d wrong", i, c.units, units, c.wrong)
		}
		if n := all[i].inFlight.Load(); n != 0 {
			t.Fatalf("downlink %d: %d units in flight", i, n)
		}
	}
	if all[0].path.counters.WriterDropped.Load() > 0 {
		t.Errorf("%d units dropped", all[0].path.counters.WriterDropped.Load())
	}
}

// TestFanDropsToTheNextKey has a writer that stands still: what finds its ring full is
// dropped, and each downlink goes on with the next key unit.
func TestFanDropsToTheNextKey(t *testing.T) {
	const downlinks = 100
	f := &Fan{done: func(time.Duration) {}, stop: make(chan struct{})}
	w := newWriter() // which does not run yet
	f.writers, f.use, f.downlinks = []*Writer{w}, 1, downlinks
	all, arrived := crowd(video, downlinks)
	for _, d := range all {
		d.Assign(w)
	}
	const fit = writerUnits / downlinks
	write := func(n uint32, key bool) {
		for _, d := range all {
			d.Write(numbered(n, key), time.Now())
		}
		f.Flush(time.Time{}, time.Now())
	}
	for n := uint32(1); n <= fit+3; n++ {
		write(n, n == 1)
	}
	if want := uint64(downlinks*(fit+3) - writerUnits); all[0].path.counters.WriterDropped.Load() != want {
		t.Fatalf("%d units dropped, not %d", all[0].path.counters.WriterDropped.Load(), want)
	}
	for w.sendNext(f.done) {
	}
	write(fit+4, false)
	for w.sendNext(f.done) {
	}
	for i, d := range all {
		if !d.Waits() {
			t.Fatalf("downlink %d missed units and needs no key", i)
		}
	}
	write(fit+5, true)
	write(fit+6, false)
	for w.sendNext(f.done) {
	}
	for i, c := range arrived {
		// Those in front of the place where the ring was full have one more.
		if c.wrong > 0 || c.last != fit+6 || c.missing < 3 || c.missing > 4 {
			t.Fatalf("downlink %d: the last is %d, %d missing, %d wrong", i, c.last, c.missing, c.wrong)
		}
		if n := all[i].Stats().Dropped; n == 0 {
			t.Fatalf("downlink %d counts no dropped unit", i)
		}
	}
}

// TestFanOfSound goes on after what was dropped, since all sound is key.
func TestFanOfSound(t *testing.T) {
	w := newWriter()
	all, arrived := crowd(audio, 1)
	all[0].Assign(w)
	for n := uint32(1); n <= writerUnits+10; n++ {
		all[0].Write(numbered(n, true), time.Now())
		w.publish(nil)
	}
	for w.sendNext(nil) {
	}
	all[0].Write(numbered(writerUnits+11, true), time.Now())
	w.publish(nil)
	for w.sendNext(nil) {
	}
	if c := arrived[0]; c.missing != 10 || c.wrong > 0 || c.last != writerUnits+11 {
		t.Errorf("%d missing, %d wrong, the last is %d", c.missing, c.wrong, c.last)
	}
}

// TestFanInterruptsWhatTheClockTakesBack drops a unit in a writer, after which the clock
// writes itself: it goes on with the next key unit.
func TestFanInterruptsWhatTheClockTakesBack(t *testing.T) {
	w := newWriter()
	all, arrived := crowd(video, 1)
	d := all[0]
	d.Assign(w)
	for n := uint32(1); n <= writerUnits+1; n++ {
		d.Write(numbered(n, n == 1), time.Now())
	}
	w.publish(nil)
	for w.sendNext(nil) {
	}
	d.Assign(nil)
	if d.Write(numbered(writerUnits+2, false), time.Now()) {
		t.Error("a unit was sent that refers to one that was dropped")
	}
	if !d.Write(numbered(writerUnits+3, true), time.Now()) || arrived[0].wrong > 0 || arrived[0].missing != 2 {
		t.Errorf("%d missing, %d wrong", arrived[0].missing, arrived[0].wrong)
	}
}

// TestFanTimesItsPasses calls done once for each flush that says when it began.
func TestFanTimesItsPasses(t *testing.T) {
	for _, downlinks := range []int{0, 10, 300} {
		var passes atomic.Uint64
		var longest atomic.Int64
		f := NewFan(func(d time.Duration) {
			passes.Add(1)
			longest.Store(max(longest.Load(), int64(d)))
		})
		all, _ := crowd(video, downlinks)
		spread(f, all)
		for n := uint32(1); n <= 20; n++ {
			began := time.Now()
			for _, d := range all {
				d.Write(numbered(n, n == 1), began)
			}
			if n%2 == 0 {
				began = time.Time{}
			}
			f.Flush(began, time.Now())
			for before := time.Now(); n%2 == 1 && passes.Load() < uint64(n+1)/2; {
				if time.Since(before) > 10*time.Second {
					t.Fatal("a pass does not end")
				}
			}
		}
		f.Close()
		if passes.Load() != 10 || longest.Load() < 0 {
			t.Errorf("%d downlinks: %d passes of 10 were timed, the longest %v", downlinks, passes.Load(), time.Duration(longest.Load()))
		}
	}
}

// TestWritersFor has small rooms without a writer, and large ones with as many as cores,
// each of no more than writerDownlinks.
func TestWritersFor(t *testing.T) {
	for _, c := range []struct {
		downlinks, cores int
		had              bool
		want             int
	}{
		{0, 2, false, 0},
		{1, 2, true, 0},
		{minDirect, 8, true, 0},
		{maxDirect, 8, false, 0},
		{maxDirect, 8, true, 1},
		{maxDirect + 1, 1, false, 1},
		{maxDirect + 1, 8, false, 2},
		{300, 1, false, 2},
		{300, 2, false, 2},
		{300, 16, false, 5},
		{900, 2, false, 4},
		{2000, 8, false, 8},
	} {
		if got := writersFor(c.downlinks, c.cores, c.had); got != c.want {
			t.Errorf("%+v: %d writers", c, got)
		}
	}
	f := NewFan(func(time.Duration) {})
	defer f.Close()
	f.Spread(300)
	has := map[*Writer]int{}
	for i := range 300 {
		has[f.Writer(i)]++
	}
	for w, n := range has {
		if w == nil || n > writerDownlinks || n < maxDirect/2 {
			t.Errorf("a writer of %d downlinks", n)
		}
	}
	if f.Writer(400) == nil { // of a scene that has grown meanwhile
		t.Error("no writer for a newcomer")
	}
}

// TestFanAllocatesNothing in steady state, directly or by writers.
func TestFanAllocatesNothing(t *testing.T) {
	for _, downlinks := range []int{10, 100} {
		f := NewFan(func(time.Duration) {})
		all, _ := crowd(video, downlinks)
		spread(f, all)
		var pool packet.UnitPool
		payloads := numbered(1, true).Payloads
		pass := func() {
			now := time.Now()
			p := packet.Packets{Payloads: payloads, Key: true}
			p.Buffer = pool.Put(p.Payloads)
			p.Payloads = p.Buffer.Payloads()
			for _, d := range all {
				d.Write(p, now)
			}
			p.Buffer.Release()
			f.Flush(now, now)
			for busy := true; busy; {
				busy = false
				for _, d := range all {
					busy = busy || d.inFlight.Load() > 0
				}
			}
		}
		for range 3 * historyUnits {
			pass()
		}
		if n := testing.AllocsPerRun(20, pass); n > 0 {
			t.Errorf("%d downlinks: %v allocations", downlinks, n)
		}
		f.Close()
	}
}

// encrypting is a track that encrypts as pion does.
type encrypting struct {
	srtp *srtp.Context
	buf  []byte
	out  []byte
}

// WriteRTP encrypts a packet.
func (e *encrypting) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	n, err := h.MarshalTo(e.buf)
	if err != nil {
		return 0, err
	}
	n += copy(e.buf[n:], p)
	e.out, err = e.srtp.EncryptRTP(e.out, e.buf[:n], h)
	return len(e.out), err
}

// BenchmarkFan sends a picture of five packets to 300 downlinks, encrypted, from the
// clock or by writers. The metric clock is what the clock spends.
func BenchmarkFan(b *testing.B) {
	for _, use := range []int{0, 1, 2} {
		b.Run(fmt.Sprintf("%d writers", use), func(b *testing.B) {
			const downlinks = 300
			through := make(chan time.Duration, 1)
			f := NewFan(func(d time.Duration) { through <- d })
			defer f.Close()
			f.Spread(downlinks)
			f.use = use
			path := quietPath()
			var all []*Downlink
			for i := range downlinks {
				c, err := srtp.CreateContext(make([]byte, 16), make([]byte, 12), srtp.ProtectionProfileAeadAes128Gcm)
				if err != nil {
					b.Fatal(err)
				}
				d := NewVideo(path)
				d.Bind(Binding{Writer: &encrypting{c, make([]byte, 2000), make([]byte, 2000)}, SSRC: uint32(i + 1), PayloadType: 102, TWCCID: 5})
				d.Open()
				d.Assign(f.Writer(i))
				all = append(all, d)
			}
			var pool packet.UnitPool
			var payloads [][]byte
			for range 5 {
				payloads = append(payloads, make([]byte, 1180))
			}
			var clock time.Duration
			for b.Loop() {
				began := time.Now()
				p := packet.Packets{Payloads: payloads, Key: true}
				p.Buffer = pool.Put(p.Payloads)
				p.Payloads = p.Buffer.Payloads()
				for _, d := range all {
					d.Write(p, time.Now())
				}
				p.Buffer.Release()
				now := time.Now()
				clock += now.Sub(began)
				f.Flush(began, now)
				<-through
			}
			b.ReportMetric(float64(clock.Nanoseconds())/float64(b.N), "clock-ns/op")
		})
	}
}
