package network

import (
	"math"
	"testing"
	"time"
)

// outcome is what became of a packet.
type outcome struct {
	in, out time.Duration
	times   int
}

// feed puts packets of a size into a lane, one a period.
func feed(i Impairment, n, size int, period time.Duration) ([]outcome, Traffic) {
	l := NewLane(i, 7, 0)
	start := time.Unix(1000, 0)
	var all []outcome
	for k := range n {
		in := time.Duration(k) * period
		out, times := l.Pass(start.Add(in), size)
		all = append(all, outcome{in, out.Sub(start), times})
	}
	return all, l.Traffic
}

func TestLossComesInBursts(t *testing.T) {
	for _, c := range []Impairment{{Loss: 0.02}, {Loss: 0.2}, {Loss: 0.05, Burst: 5}, {Loss: 0.1, Burst: 5}, {Loss: 1}} {
		all, traffic := feed(c, 100_000, 100, time.Millisecond)
		if share := float64(traffic.Lost) / 100_000; math.Abs(share-c.Loss) > c.Loss/10 {
			t.Errorf("%+v: %.3f are lost", c, share)
		}
		run, shortest := 0, len(all)
		for _, o := range all {
			if o.times == 0 {
				run++
			} else if run > 0 {
				shortest, run = min(shortest, run), 0
			}
		}
		if c.Loss < 1 && shortest != max(c.Burst, 1) {
			t.Errorf("%+v: the shortest burst has %d packets", c, shortest)
		}
	}
}

func TestBottleneck(t *testing.T) {
	// 125 bytes are 1 ms at 1 Mbit/s; twice as much comes.
	all, traffic := feed(Impairment{Rate: 1_000_000, Queue: 300 * time.Millisecond}, 10_000, 125-header, time.Millisecond/2)
	if traffic.Lost != 0 || traffic.Overflow < 4500 || traffic.Overflow > 5000 {
		t.Errorf("of 10000 packets %+v", traffic)
	}
	longest := time.Duration(0)
	for _, o := range all {
		if o.times > 0 {
			longest = max(longest, o.out-o.in)
		}
	}
	if longest < 299*time.Millisecond || longest > 302*time.Millisecond {
		t.Errorf("a packet waited %v", longest)
	}
}

func TestDelayAndOrder(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		c := Impairment{Delay: 20 * time.Millisecond, Jitter: 50 * time.Millisecond, Reorder: reorder, Duplicate: 0.1}
		all, _ := feed(c, 10_000, 100, 5*time.Millisecond)
		overtaken, doubled, last := 0, 0, time.Duration(0)
		var sum time.Duration
		for _, o := range all {
			took := o.out - o.in
			if took < c.Delay || took > c.Delay+c.Jitter {
				t.Fatalf("a packet took %v", took)
			}
			sum += took
			if o.out < last {
				overtaken++
			}
			if o.times == 2 {
				doubled++
			}
			last = o.out
		}
		if reorder != (overtaken > 1000) || !reorder && overtaken > 0 {
			t.Errorf("reordering is %v: %d were overtaken", reorder, overtaken)
		}
		if doubled < 900 || doubled > 1100 {
			t.Errorf("%d of 10000 came twice", doubled)
		}
		if mean := sum / 10_000; reorder && (mean-45*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("the mean is %v", mean)
		}
	}
}
