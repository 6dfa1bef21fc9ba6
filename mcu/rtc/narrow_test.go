package rtc_test

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
)

// feed sends a peer pictures of a bitrate, 30 a second, and sound, for a time, and
// calls each after each picture.
type feed struct {
	peer    *rtc.Peer
	picture int
}

func (f *feed) run(length time.Duration, bitrate int, each func() (done bool)) {
	begun := time.Now()
	const second = 30
	tick := time.NewTicker(time.Second / second)
	defer tick.Stop()
	for time.Since(begun) < length {
		<-tick.C
		f.picture++
		now := time.Now()
		p := packet.Packets{At: now, Timestamp: uint32(f.picture * 3000), Key: f.picture == 1 || f.peer.Video().Waits()}
		for left := bitrate / 8 / second; left > 0; left -= 1180 {
			p.Payloads = append(p.Payloads, make([]byte, max(2, min(left, 1180))))
		}
		f.peer.Video().Write(p, now)
		f.peer.Audio().Write(packet.Packets{
			At: now, Timestamp: uint32(f.picture * 1600), Key: true, Payloads: [][]byte{make([]byte, 80)},
		}, now)
		if each != nil && each() {
			break
		}
	}
}

// meet connects a peer and a client that only receives, over a line.
func meet(t *testing.T, l network.Line) (*rtc.API, *feed, *rtctest.Client) {
	t.Helper()
	api, p := newServer(t, func(*rtc.Events) {})
	c := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly, NoDecode: true, Line: l})
	connect(t, c, p)
	return api, &feed{peer: p}, c
}

// TestLossIsRepaired loses one packet in twenty: nearly all come in the end, and
// the loss is told, but taken for no want of bandwidth.
func TestLossIsRepaired(t *testing.T) {
	lossy := network.Line{Down: network.Impairment{Loss: 0.05, Delay: 30 * time.Millisecond}, Seed: 1}
	api, f, c := meet(t, lossy)
	d := f.peer.Video()
	const packets = 600 // that a verdict takes: one packet in twenty is no more than 30 of them
	begun, lost, times := time.Now(), 0.0, 0
	f.run(rtctest.Patience, 1_500_000, func() bool {
		n := d.Stats().Packets
		if n > packets/2 { // Loss begins with 0, and it is smooth
			lost, times = lost+d.Loss(), times+1
		}
		return n >= packets && time.Since(begun) > 4*time.Second
	})
	lost /= float64(max(1, times))
	repeats := api.Stats().Retransmitted
	c.Impair(network.Line{})
	f.run(500*time.Millisecond, 1_500_000, nil)
	sent := d.Stats().Packets
	poll.Until(t, "nearly all packets", func() bool { // the last are on their way
		got, _ := c.VideoSink.Received()
		return float64(int(sent)-got)/float64(sent) <= 0.02
	})
	t.Logf("of %d packets: %d repeats, %.3f lost, %d bits/s", sent, repeats, lost, d.Estimate())
	if repeats == 0 || lost < 0.02 || lost > 0.1 {
		t.Errorf("%d repeats, %v lost", repeats, lost)
	}
	if e := d.Estimate(); e > 0 && e < 400_000 {
		t.Errorf("the estimate collapsed to %d", e)
	}
}
