package rtc

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/rtctest"
)

// TestReportsUnderAnotherSSRC has the SSRC of repeats change while reports are read: they
// are read under the new one.
func TestReportsUnderAnotherSSRC(t *testing.T) {
	api, err := NewAPI(Config{})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func() {}
	p, err := api.NewPeer(Events{Connected: nothing, Ended: nothing, KeyFrame: nothing})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	go api.Run(t.Context())
	t.Cleanup(p.Close)
	c := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly, NoDecode: true})
	offer, err := c.Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Offer(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	now := *p.video.Binding()
	before := now
	before.RTXSSRC++
	p.video.Downlink.Bind(before)
	if err := c.Answer(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	begun, tick := time.Now(), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for n := 0; api.Stats().InvalidReports < 20; n++ {
		if time.Since(begun) > rtctest.Patience {
			t.Fatalf("%d reports were heard", api.Stats().InvalidReports)
		}
		if n == 50 {
			p.video.Downlink.Bind(now)
		}
		<-tick.C
		p.video.Write(packet.Packets{At: time.Now(), Timestamp: uint32(n * 1800), Key: true, Payloads: [][]byte{make([]byte, 500)}}, time.Now())
		c.RequestKeyFrame()
		if n > 50 {
			c.ReportOnRepeats(0, 50_000)
		}
	}
}
