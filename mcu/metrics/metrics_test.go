package metrics

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func newSum() *Sum[int64] { return NewSum(func(sum *int64, n int64) { *sum += n }) }

// TestSum has sources come and go: what they counted stays.
func TestSum(t *testing.T) {
	s := newSum()
	var a, b atomic.Int64
	a.Store(3)
	retire := s.Add(a.Load)
	retireB := s.Add(b.Load)
	b.Store(4)
	if n := s.Total(); n != 7 || s.Live() != 2 {
		t.Errorf("the sum is %d of %d sources", n, s.Live())
	}
	retire()
	retire() // nothing is counted twice
	a.Store(100)
	if n := s.Total(); n != 7 || s.Live() != 1 {
		t.Errorf("after one has ended the sum is %d of %d sources", n, s.Live())
	}
	b.Store(5)
	retireB()
	if n := s.Total(); n != 8 || s.Live() != 0 {
		t.Errorf("after both have ended the sum is %d of %d sources", n, s.Live())
	}
}

// TestSumRises reads a sum while sources come and go: it never falls.
func TestSumRises(t *testing.T) {
	s := newSum()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				var n atomic.Int64
				retire := s.Add(n.Load)
				n.Store(5)
				retire()
			}
		})
	}
	last := int64(0)
	for range 2000 {
		n := s.Total()
		if n < last {
			t.Fatalf("it fell from %d to %d", last, n)
		}
		last = n
	}
	wg.Wait()
	if n := s.Total(); n != 4*200*5 {
		t.Errorf("at the end it is %d", n)
	}
}

// TestStages registers what several packages have a part of: they are one metric.
func TestStages(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(Group{Stage("mix"), MissedTicks("sound")}, Group{Stage("encode"), MissedTicks("picture")})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 2 || len(families[0].GetMetric()) != 2 || len(families[1].GetMetric()) != 2 {
		t.Errorf("there are %v", families)
	}
}
