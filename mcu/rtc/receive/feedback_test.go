package receive

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sender feeds packets to a feedback and keeps what it says.
type sender struct {
	*Feedback
	now  time.Time
	said []rtcp.Packet
}

func newSender(t *testing.T) *sender {
	t.Helper()
	s := &sender{now: time.Unix(1_800_000_000, 0)}
	s.Feedback = NewFeedback(Config{Send: func(p []rtcp.Packet) error {
		s.said = append(s.said, p...)
		return nil
	}, SSRC: 7, ClockRate: 90000, NACK: true})
	return s
}

// send sends a packet 10 ms after the last.
func (s *sender) send(seq uint16) {
	s.now = s.now.Add(10 * time.Millisecond)
	p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 900}}
	s.Packet(p, false, s.now)
}

// nacked are the packets that were asked for, in order.
func (s *sender) nacked() (seqs []uint16) {
	for _, p := range s.said {
		if n, ok := p.(*rtcp.TransportLayerNack); ok {
			for _, pair := range n.Nacks {
				seqs = append(seqs, pair.PacketList()...)
			}
		}
	}
	return seqs
}

func TestMissingIsAskedForUntilItComes(t *testing.T) {
	s := newSender(t)
	for seq := uint16(65500); seq != 100; seq++ {
		switch seq {
		case 65530, 3: // lost
		case 10: // comes late
			s.send(11)
			s.send(10)
		case 11:
		default:
			s.send(seq)
		}
		if seq == 20 {
			s.send(65530) // repaired
		}
	}
	got := s.nacked()
	count := func(seq uint16) (n int) {
		for _, g := range got {
			if g == seq {
				n++
			}
		}
		return n
	}
	if n := count(65530); n < 2 || n > 6 {
		t.Errorf("65530, which came after 270 ms, was asked for %d times", n)
	}
	if n := count(3); n < 3 || n > patienceTrips+1 {
		t.Errorf("3, which never came, was asked for %d times", n)
	}
	if slices.Contains(got, 10) || slices.Contains(got, 11) {
		t.Errorf("what was only out of order was asked for: %v", got)
	}
}

func TestMissingForgetsAfterAJump(t *testing.T) {
	s := newSender(t)
	for _, seq := range []uint16{1, 2, 5, 30000, 30001, 30002, 30003, 30004, 30005} {
		s.send(seq)
	}
	if got := s.nacked(); len(got) != 0 {
		t.Errorf("asked for %v of a stream that is no more", got)
	}
}

func TestReports(t *testing.T) {
	s := newSender(t)
	s.SenderReport(0x1234_5678_9abc_def0, 0, s.now)
	for seq := range uint16(250) {
		if seq%10 != 5 {
			s.send(seq)
		}
	}
	var reports []rtcp.ReceptionReport
	for _, p := range s.said {
		if p, ok := p.(*rtcp.ReceiverReport); ok {
			reports = append(reports, p.Reports...)
		}
	}
	if len(reports) != 3 {
		t.Fatalf("%d reception reports in 2.2 s", len(reports))
	}
	last := reports[2]
	if last.SSRC != 7 || last.FractionLost < 20 || last.FractionLost > 31 ||
		last.TotalLost < 20 || last.LastSenderReport != 0x5678_9abc || last.Delay < 2*65536 {
		t.Errorf("last report: %+v", last)
	}
}

// TestReportsOfAStreamThatBeginsAnew: a stray packet is none of the stream, and after two
// in a row it is another one, of which nothing was lost.
func TestReportsOfAStreamThatBeginsAnew(t *testing.T) {
	for _, jump := range []uint16{30_000, 65535 - 5_000} {
		s := newSender(t)
		seq := uint16(100)
		for range 50 {
			s.send(seq)
			seq++
		}
		s.send(seq + 10_000) // stray
		s.reception.report(7, s.now)
		for range 20 {
			s.send(seq + jump)
			seq++
		}
		r := s.reception.report(7, s.now)
		if r.FractionLost != 0 || r.TotalLost != 0 || uint16(r.LastSequenceNumber) != seq+jump-1 {
			t.Errorf("after a jump by %d: %+v", jump, r)
		}
	}
}

func TestFeedbackAllocatesNothingBetweenReports(t *testing.T) {
	s := newSender(t)
	s.send(1)
	p := &rtp.Packet{Header: rtp.Header{Version: 2}}
	if n := testing.AllocsPerRun(1000, func() {
		p.SequenceNumber++
		s.Packet(p, false, s.now)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
