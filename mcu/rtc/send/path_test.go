package send

import (
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"

	"tilemix/mcu/rtc/reports"
)

// TestPathKnowsWhatItSent: only what left is counted, each once.
func TestPathKnowsWhatItSent(t *testing.T) {
	l := quietPath()
	recorder := twcc.NewRecorder(1)
	for n := range 400 {
		number := l.record(time.Duration(n)*10*time.Millisecond, 1000, false)
		if n%10 != 3 {
			recorder.Record(7, number, int64(n)*10_000)
		}
		if n == 200 { // of what was never sent
			recorder.Record(7, number+100, int64(n)*10_000)
		}
	}
	for _, p := range recorder.BuildFeedbackPacket() {
		b, err := p.(*rtcp.TransportLayerCC).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			reports.Each(b, func(r reports.RTCP) { l.handleArrivals(r, 5*time.Second) })
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
