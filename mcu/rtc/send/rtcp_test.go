package send

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// TestTransportReports reads what pion's recorder writes of a line that loses and
// delays: every packet is told of once, with its time.
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
			eachReport(b, func(kind, format uint8, body []byte) {
				report, ok := parseTransport(body)
				if kind != rtcpTransport || format != formatTWCC || !ok {
					t.Fatalf("a report that cannot be read: %x", b)
				}
				base := time.Duration(report.reference) * 64 * time.Millisecond
				report.each(func(number uint16, arrived bool, after time.Duration) {
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

// TestLineKnowsWhatItSent: only what left is counted, each once.
func TestLineKnowsWhatItSent(t *testing.T) {
	l := quietPath()
	recorder := twcc.NewRecorder(1)
	for n := range 400 {
		number := l.record(time.Duration(n)*10*time.Millisecond, 1000, false)
		if n%10 != 3 {
			recorder.Record(7, number, int64(n)*10_000)
		}
		if n == 200 { // of what nobody sent
			recorder.Record(7, number+100, int64(n)*10_000)
		}
	}
	for _, p := range recorder.BuildFeedbackPacket() {
		b, err := p.(*rtcp.TransportLayerCC).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			l.handleTWCC(b[4:], 5*time.Second)
		}
	}
	known, lost := 0, 0
	for i := range l.sent {
		if r := packetRecord(l.sent[i].Load()); r != 0 {
			known++
			if r&recordLost != 0 {
				lost++
			}
		}
	}
	if lost < 38 || lost > 40 || known > lost+1 {
		t.Errorf("%d lost, %d unaccounted for", lost, known-lost)
	}
	if r := packetRecord(l.sent[4%recorded].Load()); r.number() != 4 || r.size() != 1000 || r.sentAt(time.Hour) != 30*time.Millisecond {
		t.Errorf("packet 4 left at %v with %d bytes", r.sentAt(time.Hour), r.size())
	}
}

// TestKeyRequests: only those that are about the stream are heard.
func TestKeyRequests(t *testing.T) {
	d, _ := sending(t, true)
	heard := 0
	for _, c := range []struct {
		packet rtcp.Packet
		want   int
	}{
		{&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 7}, 1},
		{&rtcp.PictureLossIndication{MediaSSRC: 1007}, 1},
		{&rtcp.PictureLossIndication{SenderSSRC: 7, MediaSSRC: 8}, 0},
		{&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 8}, {SSRC: 7}}}, 1},
		{&rtcp.FullIntraRequest{MediaSSRC: 7, FIR: []rtcp.FIREntry{{SSRC: 8}}}, 0},
	} {
		b, err := c.packet.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		heard = 0
		d.HandleRTCP(b, time.Now(), func() { heard++ })
		if heard != c.want {
			t.Errorf("%+v was heard %d times", c.packet, heard)
		}
	}
	d.HandleRTCP([]byte{0x81, 206, 0, 1, 0, 0, 0, 7}, time.Now(), func() { t.Error("half a PLI was heard") })
	if n := d.path.counters.UnknownStreamKeyRequests.Load(); n != 3 {
		t.Errorf("%d requests were strange", n)
	}
}
