package send

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"tilemix/mcu/packet"
)

// TestHistoryFindsWhatWasSent compares the history with a model: it finds each packet of the
// last units, back to the newest key unit, with its payload, and no other.
func TestHistoryFindsWhatWasSent(t *testing.T) {
	type sent struct {
		buffer *packet.PayloadBuffer
		first  uint16
		bodies [][]byte
	}
	rapid.Check(t, func(t *rapid.T) {
		var h history
		var pool packet.UnitPool
		var units []sent
		seq := uint16(rapid.IntRange(0, 1<<16-1).Draw(t, "first"))
		begin, key := seq, 0
		for n := range rapid.IntRange(1, 3*historyUnits).Draw(t, "units") {
			u := sent{first: seq}
			for i := range rapid.IntRange(1, 5).Draw(t, "payloads") {
				u.bodies = append(u.bodies, []byte{byte(n), byte(i)})
			}
			u.buffer = pool.Put(u.bodies)
			h.keep(&queuedUnit{Packets: packet.Packets{Buffer: u.buffer, Timestamp: uint32(n)}}, seq)
			u.buffer.Release()
			units, seq = append(units, u), seq+uint16(len(u.bodies))
			if rapid.IntRange(0, 40).Draw(t, "key") == 0 {
				h.startAnew()
				key = n
			}
		}
		for n, u := range units {
			kept := n >= len(units)-historyUnits
			for i, body := range u.bodies {
				got, at := h.find(u.first + uint16(i))
				switch {
				case !kept || n < key:
					if got != nil {
						t.Fatalf("unit %d of %d is found, and the last key unit is %d", n, len(units), key)
					}
				case got == nil || at != i || got.timestamp != uint32(n) || !bytes.Equal(got.buffer.Payloads()[at], body):
					t.Fatalf("payload %d of unit %d of %d is not found", i, n, len(units))
				}
			}
			if want := map[bool]int{true: 1, false: u.buffer.Users()}[kept]; u.buffer.Users() != want {
				t.Fatalf("unit %d has %d users", n, u.buffer.Users())
			}
		}
		for _, never := range []uint16{begin - 1, seq, seq + 1000} {
			if u, _ := h.find(never); u != nil {
				t.Fatalf("packet %d is found, and was never sent", never)
			}
		}
		h.clear()
		for n, u := range units {
			if u.buffer.Users() != 0 {
				t.Fatalf("unit %d is retained after clear", n)
			}
		}
	})
}

// meter notes when packets leave, in simulated time.
type meter struct {
	now    time.Time
	leaves []departure
	stamps []uint32
}

// departure is a packet that left, with its size on the wire in bytes.
type departure struct {
	at   time.Time
	size int
}

// WriteRTP notes a packet.
func (m *meter) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	m.leaves = append(m.leaves, departure{m.now, len(p) + overhead})
	m.stamps = append(m.stamps, h.Timestamp)
	return len(p), nil
}

// TestPacerKeepsItsRate writes pictures of any size to a path with an estimate. Over every
// span of time no more leaves than the pacing rate carries, apart from the burst and a packet.
// All that was taken leaves, in order.
func TestPacerKeepsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := quietPath()
		estimate := rapid.IntRange(50_000, unpacedRate).Draw(t, "estimate")
		path.rate.Store(int64(estimate))
		m := &meter{now: path.epoch.Add(time.Hour)}
		d := NewVideo(path)
		d.Bind(Binding{Writer: m, SSRC: 7, PayloadType: 102})
		d.Open()
		clock := func() time.Time { return m.now }
		taken, longestPacket := 0, 0
		for n := range rapid.IntRange(1, 60).Draw(t, "pictures") {
			p := packet.Packets{Timestamp: uint32(n) * 3000, Key: true}
			for range rapid.IntRange(1, 40).Draw(t, "packets") {
				size := rapid.IntRange(1, 1180).Draw(t, "bytes")
				p.Payloads, longestPacket = append(p.Payloads, make([]byte, size)), max(longestPacket, size+overhead)
			}
			if d.Write(p, m.now) {
				taken++
			}
			for range rapid.IntRange(0, 8).Draw(t, "ticks") {
				m.now = m.now.Add(pacerInterval)
				path.pacer.Tick(clock)
			}
		}
		for range 1 << 16 {
			m.now = m.now.Add(pacerInterval)
			if !path.pacer.Tick(clock) {
				break
			}
		}
		if d.queue.pending() > 0 {
			t.Fatalf("%d units never left", d.queue.pending())
		}
		rate := pacingFactor * float64(estimate) / 8
		allowed := max(rate*burst.Seconds(), 2400) + float64(longestPacket)
		// The largest excess over the rate that ends here, over all beginnings (Kadane).
		excess := 0.0
		for i, leave := range m.leaves {
			if i > 0 {
				past := leave.at.Sub(m.leaves[i-1].at).Seconds()
				excess = max(excess-rate*past, 0)
				if m.stamps[i]-m.stamps[i-1] >= 1<<31 {
					t.Fatal("a picture left before the one that was written earlier")
				}
			}
			if excess += float64(leave.size); excess > allowed+1 {
				t.Fatalf("%.0f bytes left at once, %.0f may at %d bits/s", excess, allowed, estimate)
			}
		}
		if taken == 0 || len(m.leaves) == 0 {
			t.Fatal("nothing left")
		}
	})
}

// TestPacerMindsFullQueues writes a picture of 200 kB to paths that lose packets: only where a
// queue of a narrow one overflows it leaves at nearly the rate of the path.
func TestPacerMindsFullQueues(t *testing.T) {
	for _, c := range []struct {
		name           string
		estimate       int
		lost, overflow float64
		factor         float64
	}{
		{"narrow, nothing lost", 300_000, 0, 0, pacingFactor},
		{"narrow radio", 300_000, 0.2, 0.001, pacingFactor},
		{"narrow, overflows", 300_000, 0.2, 0.2, narrowFactor},
		{"wide, overflows", 1_000_000, 0.2, 0.2, pacingFactor},
	} {
		path := quietPath()
		path.twcc.Store(true)
		path.rate.Store(int64(c.estimate))
		path.lost.Store(math.Float64bits(c.lost))
		path.overflow.Store(math.Float64bits(c.overflow))
		m := &meter{now: path.epoch.Add(time.Hour)}
		d := NewVideo(path)
		d.Bind(Binding{Writer: m, SSRC: 7, PayloadType: 102})
		d.Open()
		p := packet.Packets{Timestamp: 3000, Key: true}
		for range 200 {
			p.Payloads = append(p.Payloads, make([]byte, 1000))
		}
		d.Write(p, m.now)
		for began := m.now; path.pacer.Tick(func() time.Time { return m.now }) && m.now.Sub(began) < time.Minute; {
			m.now = m.now.Add(pacerInterval)
		}
		bytes := 0
		for _, leave := range m.leaves {
			bytes += leave.size
		}
		took := m.leaves[len(m.leaves)-1].at.Sub(m.leaves[0].at).Seconds()
		if factor := float64(bytes) * 8 / took / float64(c.estimate); math.Abs(factor/c.factor-1) > 0.15 {
			t.Errorf("%s: leaves at %.2f × the estimate, not %.2f", c.name, factor, c.factor)
		}
	}
}

// TestRetransmissionsKeepTheirShare requests all packets again and again. Over time no more
// leaves than the share of the estimate and what may leave at once.
func TestRetransmissionsKeepTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := quietPath()
		estimate := rapid.IntRange(100_000, 5_000_000).Draw(t, "estimate")
		path.rate.Store(int64(estimate))
		var s sender
		s.init(video, path)
		now := time.Hour
		s.rtx.fill(&s, now)
		rate := (rtxFloor + rtxShare*float64(estimate)) / 8
		left, began := 0.0, now
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now += time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond
			s.rtx.fill(&s, now)
			size := float64(rapid.IntRange(overhead, 1240).Draw(t, "bytes"))
			if s.rtx.room > 0 {
				s.rtx.room -= size
				left += size
			}
			if most := rate*(now-began).Seconds() + max(rate/2, 2400) + 1240; left > most+1 {
				t.Fatalf("%.0f bytes left, %.0f may", left, most)
			}
		}
	})
}
