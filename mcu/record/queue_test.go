package record

import (
	"testing"
	"time"
)

// TestQueueFull: a file that is not written to holds up nobody. What does not fit is
// counted, and pictures go on with an IDR.
func TestQueueFull(t *testing.T) {
	q := newQueue()
	for i := range queuedPictures + 10 {
		q.picture([]byte{1}, i == 0, 1, time.Duration(i))
	}
	for i := range queuedPackets + 7 {
		q.packet([]byte{2}, 1, time.Duration(i))
	}
	if p, s := q.lostPictures.Load(), q.lostPackets.Load(); p != 10 || s != 7 {
		t.Errorf("lost %d pictures and %d packets", p, s)
	}
	for range queuedPictures {
		q.done(<-q.full)
	}
	q.picture([]byte{1}, false, 1, 0)
	if q.lostPictures.Load() != 11 {
		t.Error("it goes on with a picture that needs one that was lost")
	}
	q.picture([]byte{3}, true, 1, 0)
	q.picture([]byte{4}, false, 1, 0)
	if q.lostPictures.Load() != 11 {
		t.Error("it does not go on with an IDR")
	}
}

// TestQueueBytes: large pictures are bounded too.
func TestQueueBytes(t *testing.T) {
	q := newQueue()
	large := make([]byte, 1<<20)
	for range 100 {
		q.picture(large, true, 1, 0)
	}
	if held := q.held.Load(); held > queuedBytes || q.lostPictures.Load() != 100-queuedBytes>>20 {
		t.Errorf("%d bytes held, %d pictures lost", held, q.lostPictures.Load())
	}
}

func TestQueueAllocatesNothing(t *testing.T) {
	q := newQueue()
	au, packet := make([]byte, 5000), make([]byte, 100)
	pass := func() {
		q.picture(au, true, 1, 0)
		q.packet(packet, 1, 0)
		q.done(<-q.full)
		q.done(<-q.full)
	}
	for range queuedPictures + queuedPackets {
		pass()
	}
	if n := testing.AllocsPerRun(1000, pass); n > 0 {
		t.Errorf("%v allocations for a picture and a packet", n)
	}
}
