package receive

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// reported counts the packets of all reports that a makes.
func reported(a *Arrivals) (packets, lost, reports *int) {
	packets, lost, reports = new(int), new(int), new(int)
	a.send = func(said []rtcp.Packet) error {
		for _, p := range said {
			report := p.(*rtcp.TransportLayerCC)
			*packets += int(report.PacketStatusCount)
			*lost += int(report.PacketStatusCount) - len(report.RecvDeltas)
			*reports++
		}
		return nil
	}
	return packets, lost, reports
}

// TestArrivals: all streams of a connection are reported together, ten times a
// second.
func TestArrivals(t *testing.T) {
	a := NewArrivals(nil, time.Unix(1_800_000_000, 0))
	packets, lost, reports := reported(a)
	now := a.epoch
	for number := range uint16(200) {
		now = now.Add(10 * time.Millisecond)
		a.Packet(7+uint32(number%2), number, now)
	}
	if *reports < 18 || *reports > 21 || *packets < 185 || *lost > 0 {
		t.Errorf("%d reports of %d packets in 2 s, %d lost", *reports, *packets, *lost)
	}
}

// TestArrivalsOfManyStreams has goroutines of eight streams bring packets at once: all
// are reported in the end.
func TestArrivalsOfManyStreams(t *testing.T) {
	const streams, each = 8, 4000
	epoch := time.Unix(1_800_000_000, 0)
	a := NewArrivals(nil, epoch)
	packets, lost, _ := reported(a)
	var numbers sync.Mutex
	next := 0
	var wg sync.WaitGroup
	for s := range streams {
		wg.Go(func() {
			for range each {
				numbers.Lock() // numbers are given in order, as a sender does
				number := next
				next++
				numbers.Unlock()
				a.Packet(uint32(s), uint16(number), epoch.Add(time.Duration(number)*100*time.Microsecond))
				for a.head.Load()-a.tail.Load() > arrivalRing/2 { // no path is as fast as this loop
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	a.Packet(0, uint16(next), epoch.Add(time.Duration(next)*100*time.Microsecond+arrivalInterval))
	if n := a.dropped.Load(); n > 0 {
		t.Fatalf("%d packets found the ring full", n)
	}
	// A goroutine that stood still brings packets that were reported as lost before.
	if arrived := *packets - *lost; arrived < streams*each {
		t.Errorf("%d packets of %d were reported as arrived", arrived, streams*each)
	}
}

// TestArrivalsAllocateNothing between two reports.
func TestArrivalsAllocateNothing(t *testing.T) {
	a := NewArrivals(nil, time.Unix(1_800_000_000, 0))
	reported(a)
	now, number := a.epoch.Add(time.Second), uint16(0)
	a.Packet(7, number, now)
	if n := testing.AllocsPerRun(2000, func() {
		number++
		a.Packet(7, number%200, now)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// TestArrivalRing drops what it has no room for, and goes on.
func TestArrivalRing(t *testing.T) {
	a := NewArrivals(nil, time.Unix(1_800_000_000, 0))
	a.recording.Store(true) // another caller makes a report
	for number := range uint16(arrivalRing + 5) {
		a.Packet(7, number, a.epoch)
	}
	if n := a.dropped.Load(); n != 5 {
		t.Fatalf("%d packets were dropped", n)
	}
	a.recording.Store(false)
	packets, _, _ := reported(a)
	a.Packet(7, 0, a.epoch.Add(time.Second))
	if a.waiting() {
		t.Error("the ring is not empty")
	}
	a.Packet(7, arrivalRing+5, a.epoch.Add(2*time.Second))
	if *packets < arrivalRing {
		t.Errorf("%d packets of %d were reported", *packets, arrivalRing)
	}
}
