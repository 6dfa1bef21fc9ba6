package receive

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// TestRepairFollowsTheRoundTrip answers NACKs after a round trip: packets are asked
// for again a little later than that, and waited for as long as some of them take.
func TestRepairFollowsTheRoundTrip(t *testing.T) {
	for _, trip := range []time.Duration{5, 60, 200, 350} {
		trip *= time.Millisecond
		s := newSender(t)
		s.rtt = func() time.Duration { return trip }
		type answer struct {
			seq uint16
			at  time.Time
		}
		var answers []answer
		asked, told := 0, 0
		random := rand.New(rand.NewPCG(1, 2))
		lost := 0
		for seq := range uint16(5000) {
			if random.Float64() < .05 {
				lost++
				s.now = s.now.Add(10 * time.Millisecond)
			} else {
				s.send(seq)
			}
			for ; told < len(s.said); told++ {
				if n, ok := s.said[told].(*rtcp.TransportLayerNack); ok {
					for _, pair := range n.Nacks {
						for _, again := range pair.PacketList() {
							asked++
							answers = append(answers, answer{again, s.now.Add(trip)})
						}
					}
				}
			}
			for len(answers) > 0 && !answers[0].at.After(s.now) {
				s.missing.received(answers[0].seq, true, s.now)
				answers = answers[1:]
			}
		}
		if asked < lost*95/100 || asked > lost*4 || trip < longTrip && asked > lost*11/10 {
			t.Errorf("round trip %v: %d packets of %d were asked for", trip, asked, lost)
		}
		want := min(max(4*trip, minPatience), maxPatience)
		if p := s.missing.patience(); p < want || p > want*3/2+80*time.Millisecond {
			t.Errorf("round trip %v: the patience is %v", trip, p)
		}
	}
}

// TestReorderedIsNotAskedFor has packets overtake each other: soon they are given the
// time that they need.
func TestReorderedIsNotAskedFor(t *testing.T) {
	s := newSender(t)
	s.rtt = func() time.Duration { return 60 * time.Millisecond }
	for seq := uint16(0); seq < 2000; seq += 5 {
		for _, n := range []uint16{1, 2, 3, 4, 0} {
			s.send(seq + n)
		}
	}
	if n := len(s.nacked()); n > 20 {
		t.Errorf("%d of 400 packets were asked for that were only overtaken", n)
	}
}

// TestMissingIsAskedForInASlowStream: what is missing before the last packet of a picture
// is asked for, and again, while no other packet comes.
func TestMissingIsAskedForInASlowStream(t *testing.T) {
	s := newSender(t)
	s.rtt = func() time.Duration { return 60 * time.Millisecond }
	s.send(1)
	s.send(3)
	for range 15 {
		s.now = s.now.Add(lookInterval)
		s.Due(s.now)
	}
	if got := s.nacked(); !slices.Equal(got, []uint16{2}) {
		t.Errorf("75 ms after the packet behind it came, %v were asked for", got)
	}
	for range 15 {
		s.now = s.now.Add(lookInterval)
		s.Due(s.now)
	}
	if got := s.nacked(); !slices.Equal(got, []uint16{2, 2}) {
		t.Errorf("150 ms after the packet behind it came, %v were asked for", got)
	}
}

// TestMissingStaysBounded replays, jumps and doubles: nothing grows and nothing is
// asked for that never was.
func TestMissingStaysBounded(t *testing.T) {
	s := newSender(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		s.send(uint16(random.Uint32()))
		if s.missing.count < 0 || s.missing.count > repairWindow {
			t.Fatalf("%d holes", s.missing.count)
		}
	}
}
