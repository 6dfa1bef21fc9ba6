package receive

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"tilemix/mcu/rtc/rtctest/network"
)

// TestLossIsRepaired sends pictures for ten minutes over lines that lose packets, requests and
// answers alike: hardly a packet is given up, and the sender is not asked for all twice.
func TestLossIsRepaired(t *testing.T) {
	for _, c := range []struct {
		name string
		line network.Impairment // both ways
	}{
		{"60 ms", network.Impairment{Loss: .05, Delay: 30 * time.Millisecond}},
		{"200 ms", network.Impairment{Loss: .05, Delay: 100 * time.Millisecond}},
		{"300 ms", network.Impairment{Loss: .05, Delay: 150 * time.Millisecond}},
		{"bursts", network.Impairment{Loss: .03, Burst: 5, Delay: 30 * time.Millisecond}},
		{"jitter", network.Impairment{Loss: .05, Delay: 30 * time.Millisecond, Jitter: 60 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPath(c.line)
			for range 10 * 60 * 1000 {
				p.tick()
			}
			t.Logf("%d packets lost, %d requests, %d given up", p.lost, p.requests, p.givenUp)
			if p.givenUp*3000 > p.lost {
				t.Errorf("%d of %d lost packets were given up", p.givenUp, p.lost)
			}
			if p.requests > 3*p.lost {
				t.Errorf("%d packets were lost, and %d requests sent", p.lost, p.requests)
			}
		})
	}
}

// path carries 30 pictures of eight packets a second to a Feedback, its requests to the sender, and
// the answers back. Its steps are milliseconds.
type path struct {
	*Feedback
	up, down network.Lane
	begin    time.Time
	now      int
	seq      uint16
	arriving map[int][]repaired
	asking   map[int][]rtcp.Packet
	open     map[uint16]bool // lost packets that have not been repaired

	lost, requests, givenUp int
}

// repaired is a packet on its way to the server.
type repaired struct {
	seq uint16
	rtx bool
}

func newPath(line network.Impairment) *path {
	p := &path{
		up: network.NewLane(line, 1, 0), down: network.NewLane(line, 1, 1),
		begin:    time.Unix(1_800_000_000, 0),
		arriving: map[int][]repaired{}, asking: map[int][]rtcp.Packet{}, open: map[uint16]bool{},
	}
	p.Feedback = NewFeedback(Config{Send: p.ask, SSRC: 7, ClockRate: 90_000, NACK: true, RTT: func() time.Duration {
		return 2*line.Delay + line.Jitter // as ICE measures it
	}})
	return p
}

func (p *path) time() time.Time { return p.begin.Add(time.Duration(p.now) * time.Millisecond) }

// ask sends what the server says to the sender.
func (p *path) ask(packets []rtcp.Packet) error {
	if due, n := p.down.Pass(p.time(), 100); n > 0 {
		at := int(due.Sub(p.begin) / time.Millisecond)
		p.asking[at] = append(p.asking[at], packets...)
	}
	return nil
}

// send sends a packet to the server.
func (p *path) send(packet repaired) {
	due, n := p.up.Pass(p.time(), 1200)
	if n > 0 {
		at := int(due.Sub(p.begin)/time.Millisecond) + 1
		p.arriving[at] = append(p.arriving[at], packet)
	} else if !packet.rtx {
		p.lost++
		p.open[packet.seq] = true
	}
}

func (p *path) tick() {
	p.now++
	if p.now%5 == 0 {
		p.down.Pass(p.time(), 1200) // what the server sends beside
	}
	if p.now%33 == 0 {
		for range 8 {
			p.send(repaired{seq: p.seq})
			p.seq++
		}
	}
	for _, said := range p.asking[p.now] {
		if nack, ok := said.(*rtcp.TransportLayerNack); ok {
			for _, pair := range nack.Nacks {
				for _, seq := range pair.PacketList() {
					p.requests++
					p.send(repaired{seq, true})
				}
			}
		}
	}
	for _, packet := range p.arriving[p.now] {
		delete(p.open, packet.seq)
		p.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: packet.seq, Timestamp: uint32(p.now) * 90}}, packet.rtx, p.time())
	}
	delete(p.asking, p.now)
	delete(p.arriving, p.now)
	if due := p.NextDue(p.time()); !due.IsZero() && p.now%int(lookInterval/time.Millisecond) == 0 {
		p.Due(p.time())
	}
	for seq := range p.open {
		if int16(p.missing.highest-seq) > 0 && !p.missing.window[seq%repairWindow].missing {
			p.givenUp++
			delete(p.open, seq)
		}
	}
}
