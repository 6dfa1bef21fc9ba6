package rtc

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/rtctest"
)

// TestCloseWhileReporting ends connections while the goroutine that reads SRTP reports each
// packet that arrives. pion waits for that goroutine with the lock held that sending takes.
func TestCloseWhileReporting(t *testing.T) {
	api, err := NewAPI(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	go api.Run(t.Context())
	for range 5 {
		closeWhileReporting(t, api)
	}
}

func closeWhileReporting(t *testing.T, api *API) {
	t.Helper()
	var now atomic.Int64
	reading, ending, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	api.now = func() time.Time {
		n := now.Add(1)
		if n == 2 { // the first packet, because NewPeer asks for the time too
			close(reading)
			<-ending // packets gather, which pion reads on while the connection ends
		}
		// A report is due with each packet, because there are 100 ms between two of them.
		return time.Unix(1_800_000_000, 100*n*int64(time.Millisecond))
	}
	nothing := func() {}
	p, err := api.NewPeer(Events{Connected: nothing, Ended: func() { close(ending) }, Video: func(*Track) {}})
	if err != nil {
		t.Fatal(err)
	}
	over := sync.OnceFunc(func() { close(closed) }) // pion may say it twice
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed {
			over()
		}
	})
	c := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly, NoDecode: true, TWCC: true})
	if _, err := c.Connect(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	payloads := slices.Repeat([][]byte{make([]byte, 20)}, 30)
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for more := 100; more > 0; <-pace.C {
		c.Video.Write(uint32(more), payloads...)
		select {
		case <-reading:
			more--
		default:
		}
	}
	p.life.expel() // the router takes packets until Close
	select {
	case <-closed:
	case <-time.After(rtctest.Patience):
		t.Fatal("a connection that reports does not end")
	}
	p.Close()
	c.Close()
}

// TestReportWriter sends what it is given in its order, and drops the oldest while a send waits.
func TestReportWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent, release := []uint32{}, make(chan struct{})
		send := func(packets []rtcp.Packet) error {
			<-release
			sent = append(sent, packets[0].DestinationSSRC()...)
			return nil
		}
		var dropped atomic.Uint64
		life := newLifetime(nil, func() {}, nil, nil)
		w := newReportWriter(send, life, &dropped)
		w.requestKeyFrame(1)
		synctest.Wait() // the first is being sent
		for ssrc := range uint32(maxReports + 2) {
			_ = w.report([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: 10 + ssrc}})
		}
		if n := dropped.Load(); n != 2 {
			t.Errorf("%d reports were dropped, not 2", n)
		}
		close(release)
		synctest.Wait()
		if len(sent) != 1+maxReports || sent[0] != 1 || sent[1] != 12 || sent[maxReports] != 11+maxReports {
			t.Errorf("sent to %d", sent)
		}
		if n := testing.AllocsPerRun(100, func() { w.requestKeyFrame(3) }); n != 0 {
			t.Errorf("%v allocations a report", n)
		}
		close(life.closing)
		life.wg.Wait()
	})
}
