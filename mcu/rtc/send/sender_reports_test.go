package send

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/packet"
	"tilemix/mcu/rtptime"
)

// reporting is a picture's downlink, and the sender reports that its client gets.
func reporting(t *testing.T) (d *Downlink, got *[]rtcp.SenderReport) {
	t.Helper()
	got = new([]rtcp.SenderReport)
	d = NewVideo(NewPath(func(packets []rtcp.Packet) error {
		*got = append(*got, *packets[0].(*rtcp.SenderReport))
		return nil
	}, NewPacer(), &Counters{}, time.Unix(1_800_000_000, 0)))
	d.Bind(newWire(102, 7).binding())
	d.Open()
	return d, got
}

// TestSenderReports come once a second of the media's time, with what was sent until then.
func TestSenderReports(t *testing.T) {
	d, got := reporting(t)
	for n := range 91 { // of 3 s, each 200 ms old
		at := d.path.epoch.Add(time.Duration(n) * time.Second / 30)
		d.Write(packet.Packets{At: at, Timestamp: uint32(n) * 3000, Key: n == 0, Payloads: [][]byte{{1, 2, 3, 4, 5}}}, at.Add(200*time.Millisecond))
	}
	if len(*got) != 4 {
		t.Fatalf("%d reports in 3 s", len(*got))
	}
	for i, r := range *got {
		at := d.path.epoch.Add(time.Duration(i) * time.Second)
		packets := uint32(1 + i*30)
		if r.SSRC != 7 || r.NTPTime != rtptime.NTP(at) || r.RTPTime != d.base+uint32(i)*90_000 ||
			r.PacketCount != packets || r.OctetCount != packets*5 {
			t.Errorf("report %d: %+v", i, r)
		}
	}
}

// TestRoundTrip measures by what a client answers to sender reports, of which the last four are
// known.
func TestRoundTrip(t *testing.T) {
	d, got := reporting(t)
	at := d.path.epoch
	for n := range 6 {
		at = d.path.epoch.Add(time.Duration(n) * time.Second)
		d.Write(packet.Packets{At: at.Add(-300 * time.Millisecond), Timestamp: uint32(n) * 90_000, Key: true, Payloads: [][]byte{{1}}}, at)
	}
	answer := func(report int, held, after time.Duration) {
		hearAt(t, d, at.Add(after), &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{
			SSRC: 7, LastSenderReport: uint32((*got)[report].NTPTime >> 16), Delay: uint32(held * 65536 / time.Second),
		}}})
	}
	near := func(want time.Duration) bool { return (d.RTT() - want).Abs() < time.Millisecond }
	answer(5, 500*time.Millisecond, 580*time.Millisecond)
	if !near(80 * time.Millisecond) {
		t.Errorf("80 ms were measured as %v", d.RTT())
	}
	answer(3, 2500*time.Millisecond, 620*time.Millisecond)
	if !near(120 * time.Millisecond) {
		t.Errorf("120 ms were measured as %v", d.RTT())
	}
	answer(1, 0, time.Second)                                                                           // forgotten
	answer(5, 2*time.Second, time.Second)                                                               // held for longer than it is old
	answer(5, 0, 11*time.Second)                                                                        // no path is as slow
	hearAt(t, d, at.Add(time.Second), &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7}}}) // to no report
	if !near(120 * time.Millisecond) {
		t.Errorf("what cannot be was measured as %v", d.RTT())
	}
}

// TestLossAlone limits a path whose client reports loss but no arrival times.
func TestLossAlone(t *testing.T) {
	for _, twcc := range []bool{false, true} {
		d, _ := reporting(t)
		d.path.twcc.Store(twcc)
		for n := range 180 { // 6 s of 300 kbit/s
			now := d.path.epoch.Add(time.Duration(n) * time.Second / 30)
			d.Write(packet.Packets{At: now, Timestamp: uint32(n) * 3000, Key: n == 0, Payloads: [][]byte{make([]byte, 1250)}}, now)
			if n%30 == 29 {
				lost := uint8(n / 179 * 128) // half of the last second
				hearAt(t, d, now, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: lost}}})
			}
		}
		if rate := d.Estimate(); twcc && rate != 0 || !twcc && (rate < 200_000 || rate > 290_000) {
			t.Errorf("arrival times %v: loss of half of 300 kbit/s makes an estimate of %d", twcc, rate)
		}
		if loss := d.Loss(); !twcc && loss != 0.25 { // the mean of the last two reports
			t.Errorf("half was lost of late, not %v", loss)
		}
	}
}

// TestArrivalsUnderRepeats takes arrival times from reports under the SSRC of repeats, and
// nothing else, because the other goroutine hears that.
func TestArrivalsUnderRepeats(t *testing.T) {
	d, w := sending(t, true)
	now := d.path.epoch
	for n := range byte(20) {
		d.Write(picture(n, 1), now)
	}
	sent := len(w.headers)
	nack, err := (&rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: w.headers[5].SequenceNumber}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	d.HandleArrivals(append(nack, transportReportOn(1, 8, 5, 40)...), now.Add(time.Second))
	if !d.path.twcc.Load() || len(w.headers) != sent {
		t.Errorf("arrival times known: %v; %d repeats", d.path.twcc.Load(), len(w.headers)-sent)
	}
	short := transportReportOn(1, 8, 5, 40)
	short[15] = 200 // packets in one chunk, of which it has none
	d.HandleArrivals(short[:20], now.Add(time.Second))
	d.HandleArrivals([]byte{2<<6 | 15, 205, 0, 1, 0, 0, 0, 1}, now.Add(time.Second))
	if n := d.path.counters.InvalidReports.Load(); n != 1 {
		t.Errorf("%d reports were invalid", n)
	}
}

// TestPacerRuns has the pacer send a large key frame over a narrow path, no sooner than the
// path carries it.
func TestPacerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, w := sending(t, true)
		d.path.rate.Store(400_000) // paced at 1 Mbit/s
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { d.path.pacer.Run(ctx); close(ended) }()
		p := packet.Packets{At: time.Now(), Key: true}
		for range 50 { // 50 kB in 0.42 s
			p.Payloads = append(p.Payloads, make([]byte, 1000))
		}
		d.Write(p, time.Now())
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if n := w.written.Load(); n < 20 || n > 35 {
			t.Errorf("%d packets of 50 left in 0.2 s", n)
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		stop()
		<-ended
		if n := len(w.headers); n != 50 || !w.headers[49].Marker {
			t.Errorf("%d packets of 50 left in 0.5 s", n)
		}
		if d.path.pacer.Tick(time.Now) {
			t.Error("the pacer has something to do")
		}
	})
}
