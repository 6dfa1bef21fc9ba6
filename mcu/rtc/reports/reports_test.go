package reports

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// TestTransportReports reads what pion's recorder writes of a path that loses and
// delays: every packet is reported once, with its time.
func TestTransportReports(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	recorder := twcc.NewRecorder(1)
	came := map[uint16]time.Duration{}
	at := 20 * time.Hour
	told, lost := 0, 0
	var origin time.Duration
	started := false
	for number := uint16(65000); number != 3000; number++ {
		at += time.Duration(r.IntN(30_000)) * time.Microsecond
		if r.IntN(500) == 0 {
			at += 9 * time.Second
		}
		if r.IntN(8) > 0 {
			came[number] = at
			recorder.Record(7, number, at.Microseconds())
		}
		if number%50 != 0 {
			continue
		}
		for _, p := range recorder.BuildFeedbackPacket() {
			b, err := p.(*rtcp.TransportLayerCC).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			Each(b, func(r RTCP) {
				report, ok := r.Arrivals()
				if !r.IsArrivals() || !ok {
					t.Fatalf("a report that cannot be read: %x", b)
				}
				base := time.Duration(report.Reference) * 64 * time.Millisecond
				report.Each(func(number uint16, arrived bool, after time.Duration) {
					was, did := came[number]
					if arrived != did {
						t.Fatalf("%d arrived: %v, not %v", number, arrived, did)
					}
					if told++; !arrived {
						lost++
						return
					}
					if !started {
						started, origin = true, base+after-was
					}
					if d := base + after - was - origin; d < -time.Millisecond || d > time.Millisecond {
						t.Fatalf("%d arrived %v off", number, d)
					}
				})
			})
		}
	}
	if told < 3400 || lost < 300 {
		t.Errorf("told of %d packets, %d lost", told, lost)
	}
}

// TestReports reads what pion/rtcp writes.
func TestReports(t *testing.T) {
	block := rtcp.ReceptionReport{SSRC: 7, FractionLost: 64, LastSenderReport: 5, Delay: 6}
	other := rtcp.ReceptionReport{SSRC: 8, FractionLost: 255}
	for _, p := range []rtcp.Packet{
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{other, block}},
		&rtcp.SenderReport{Reports: []rtcp.ReceptionReport{block, other}},
	} {
		r := read(t, p)
		if got, ok := r.Reception(7); !ok || got != (Reception{Lost: 0.25, LastSR: 5, Delay: 6}) {
			t.Errorf("%T: %+v, %v", p, got, ok)
		}
		if _, ok := r.Reception(9); ok {
			t.Errorf("%T: a block about a stream that it does not name", p)
		}
	}
	if bps, ok := read(t, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 3_000_000, SSRCs: []uint32{7}}).Limit(); !ok || bps < 2.9e6 || bps > 3e6 {
		t.Errorf("a limit of %v, %v", bps, ok)
	}
	var seqs []uint16
	nack := read(t, &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 65535, LostPackets: 5}, {PacketID: 90}}})
	if ssrc, ok := nack.NACK(); !ok || ssrc != 7 {
		t.Errorf("a NACK about %d, %v", ssrc, ok)
	}
	longer := nack.Lost(3, func(seq uint16) { seqs = append(seqs, seq) })
	if !longer || len(seqs) != 3 || seqs[0] != 65535 || seqs[1] != 0 || seqs[2] != 2 {
		t.Errorf("lost %v, longer %v", seqs, longer)
	}
}

// read returns a packet as it is read.
func read(t testing.TB, p rtcp.Packet) (report RTCP) {
	t.Helper()
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	Each(b, func(r RTCP) {
		report = r
		n++
	})
	if n != 1 {
		t.Fatalf("%T is read as %d packets", p, n)
	}
	return report
}

// TestReadingAllocatesNothing, whereas pion/rtcp does.
func TestReadingAllocatesNothing(t *testing.T) {
	compound := reports(t)
	if n := testing.AllocsPerRun(100, func() { drain(compound) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// reports is the compound that a browser sends ten times a second.
func reports(t testing.TB) []byte {
	t.Helper()
	recorder := twcc.NewRecorder(1)
	for n := range uint16(30) {
		recorder.Record(7, n, int64(n)*3000)
	}
	b, err := rtcp.Marshal(append([]rtcp.Packet{
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7}}},
		&rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 5}}},
	}, recorder.BuildFeedbackPacket()...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// drain reads all of a compound.
func drain(b []byte) {
	n := 0
	Each(b, func(r RTCP) {
		if _, ok := r.Reception(7); ok {
			n++
		}
		if _, ok := r.NACK(); ok {
			r.Lost(100, func(uint16) { n++ })
		}
		if r.IsArrivals() {
			a, _ := r.Arrivals()
			a.Each(func(uint16, bool, time.Duration) { n++ })
		}
	})
}

func BenchmarkRead(b *testing.B) {
	compound := reports(b)
	b.Run("here", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			drain(compound)
		}
	})
	b.Run("pion", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rtcp.Unmarshal(compound); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// FuzzEach reads anything: nothing is read beyond its end, and no more numbers come than
// were asked for.
func FuzzEach(f *testing.F) {
	f.Add(reports(f))
	f.Add([]byte{0x81, 206, 0, 1, 0, 0, 0, 7})
	f.Add([]byte{0x81, 205, 0, 1, 0, 0, 0, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		Each(b, func(r RTCP) {
			r.Reception(7)
			r.RequestsKey(7)
			r.Limit()
			lost := 0
			r.Lost(10, func(uint16) { lost++ })
			packets := 0
			if a, ok := r.Arrivals(); ok {
				a.Each(func(uint16, bool, time.Duration) { packets++ })
			}
			if lost > 10 || packets > maxReported {
				t.Errorf("%d lost, %d arrived", lost, packets)
			}
		})
	})
}
