package intake_test

import (
	"testing"
	"time"

	"tilemix/mcu/intake"
)

// TestQueueFull has a reader that stands still: pictures are dropped up to the next IDR,
// and what was taken is whole and in its order.
func TestQueueFull(t *testing.T) {
	q := intake.NewQueue(intake.Config{Pictures: 2, Packets: 1, Bytes: 100})
	q.Picture(3, []byte{1}, true, 1)
	q.Picture(3, []byte{2}, false, 2)
	q.Picture(3, []byte{3}, false, 3) // full
	q.Packet(3, []byte{4}, 4)
	q.Packet(3, []byte{5}, 5) // full
	one := <-q.C
	if one.Data[0] != 1 || !one.Key || !one.Video || one.At != 1 || one.Generation != 3 {
		t.Errorf("first is %+v", one)
	}
	q.Done(one)
	q.Picture(3, []byte{6}, false, 6) // fits, but what it refers to was dropped
	q.Picture(4, []byte{7}, true, 7)
	var got []byte
	for range 3 {
		u := <-q.C
		got = append(got, u.Data[0], byte(u.Generation))
		q.Done(u)
	}
	if string(got) != "\x02\x03\x04\x03\x07\x04" {
		t.Errorf("got %v", got)
	}
	if pictures, packets := q.Dropped(); pictures != 2 || packets != 1 {
		t.Errorf("%d pictures and %d packets dropped", pictures, packets)
	}
	q.Picture(3, make([]byte, 101), true, 8)
	if pictures, _ := q.Dropped(); pictures != 3 || len(q.C) != 0 {
		t.Errorf("%d pictures dropped, %d held: one is larger than all may be", pictures, len(q.C))
	}
}

// TestQueueBytes bounds large pictures, and lets them go on once there is room.
func TestQueueBytes(t *testing.T) {
	const most = 16 << 20
	q := intake.NewQueue(intake.Config{Pictures: 240, Packets: 350, Bytes: most})
	large := make([]byte, 1<<20)
	for range 100 {
		q.Picture(0, large, true, 0)
	}
	if pictures, _ := q.Dropped(); pictures != 100-16 || len(q.C) != 16 {
		t.Errorf("%d pictures dropped, %d held", pictures, len(q.C))
	}
	q.Done(<-q.C)
	q.Picture(0, large, true, 0)
	if pictures, _ := q.Dropped(); pictures != 100-16 {
		t.Error("there is no room after Done")
	}
}

func TestQueueAllocations(t *testing.T) {
	q := intake.NewQueue(intake.Config{Pictures: 1, Packets: 1, Bytes: 1 << 20})
	au, packet := make([]byte, 5000), make([]byte, 100)
	n := testing.AllocsPerRun(100, func() {
		q.Picture(3, au, true, time.Second)
		q.Packet(3, packet, time.Second)
		q.Done(<-q.C)
		q.Done(<-q.C)
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
