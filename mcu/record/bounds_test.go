package record

import (
	"log/slog"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/media"
)

// testTracks returns tracks of a recording in a new folder.
func testTracks(t *testing.T) *tracks {
	return newTracks(newTimeline(t.TempDir(), "x", func() {}, slog.New(slog.DiscardHandler)), true)
}

// TestTracksBytes has pieces come that nobody writes: they take so much memory and no more.
func TestTracksBytes(t *testing.T) {
	tr := testTracks(t)
	for n := range uint64(100) {
		tr.Picture("a", codec.H264, n, make([]byte, 1<<20), true, media.Time{})
	}
	if n := tr.lost.Load(); n != 100-tracksBytes>>20 || tr.held.Load() != tracksBytes {
		t.Errorf("%d lost, %d bytes held", n, tr.held.Load())
	}
	for len(tr.full) > 0 {
		tr.give(<-tr.full)
	}
	if tr.held.Load() != 0 {
		t.Errorf("%d bytes held", tr.held.Load())
	}
	for len(tr.free) > 0 {
		if p := <-tr.free; p.data != nil || p.from != nil {
			t.Fatalf("a free piece keeps %d bytes", cap(p.data))
		}
	}
	if m, ok := tr.spare.Get().(*memory); ok {
		t.Errorf("%d bytes wait for their next use", cap(m.data))
	}
}

// TestTracksAllocations: what is queued and written uses the same memory again.
func TestTracksAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("with the race detector, which runs with -short, a pool forgets some of its memory")
	}
	tr := testTracks(t)
	au, packet := make([]byte, 5000), make([]byte, 100)
	var n uint64
	got := testing.AllocsPerRun(1000, func() {
		n++
		tr.Picture("a", codec.H264, n, au, true, media.Time{})
		tr.Sound("a", packet, media.Time{})
		tr.give(<-tr.full)
		tr.give(<-tr.full)
	})
	if got > 0 {
		t.Errorf("%v allocations", got)
	}
}

// TestFallingTimestamps has each packet come before the one before it.
func TestFallingTimestamps(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	for i := range 1000 {
		at := media.Time{Arrived: time.Duration(i) * 20 * time.Millisecond, Timestamp: 1<<30 - uint32(i)*960}
		tr.take(&piece{kind: sound, id: "a", data: []byte{0xf8, 0xff, 0xfe}, at: at})
		if n := len(tr.present["a"].waiting); n > maxWaiting {
			t.Fatalf("%d packets wait", n)
		}
	}
	tr.present["a"].close()
}

// TestMalformedPacket has one packet that is no Opus: it is left out, and the track goes on.
func TestMalformedPacket(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	f := tr.present["a"]
	for i, data := range [][]byte{{0xf8, 0xff, 0xfe}, {0x03}, {0xf8, 0xff, 0xfe}} {
		tr.take(&piece{kind: sound, id: "a", data: data, at: media.Time{Arrived: time.Duration(i) * 20 * time.Millisecond, Timestamp: uint32(i) * 960}})
	}
	f.release(1 << 62)
	if f.audio.ended || tr.lost.Load() != 1 || f.audio.out.Length() < 50*time.Millisecond {
		t.Errorf("ended %v, %d lost, %v long", f.audio.ended, tr.lost.Load(), f.audio.out.Length())
	}
	f.close()
}

// TestDroppedPicture has a picture come that there is no room for: an IDR is asked for with
// each that follows, until it comes, and all that is left out is counted.
func TestDroppedPicture(t *testing.T) {
	tr := testTracks(t)
	n := uint64(0)
	comes := func(size int, key bool) (needKey bool) {
		n++
		return tr.Picture("a", codec.H264, n, make([]byte, size), key, media.Time{})
	}
	if comes(100, true) || comes(100, false) {
		t.Error("an IDR is asked for, and all is there")
	}
	if !comes(tracksBytes, false) || !comes(100, false) || !comes(100, false) {
		t.Error("no IDR is asked for, and a picture is missing")
	}
	if len(tr.full) != 2 || tr.lost.Load() != 3 {
		t.Errorf("%d pictures wait to be written, %d are lost", len(tr.full), tr.lost.Load())
	}
	if comes(100, true) || comes(100, false) || len(tr.full) != 4 {
		t.Errorf("after the IDR, %d pictures wait", len(tr.full))
	}
	n++ // lost by the network
	if !comes(100, false) || tr.lost.Load() != 3 {
		t.Errorf("%d lost by the disk", tr.lost.Load())
	}
}

// TestLateComer has a participant come while the queue is full. Once it is not, the
// participant has a track.
func TestLateComer(t *testing.T) {
	tr := testTracks(t)
	packet := []byte{0xf8, 0xff, 0xfe}
	for range queuedTracks + 1 {
		tr.Sound("a", packet, media.Time{})
	}
	tr.Joined("b", "Bob", time.Second)
	for len(tr.full) > 0 {
		p := <-tr.full
		tr.take(p)
		tr.give(p)
	}
	tr.Sound("b", packet, media.Time{Arrived: time.Second})
	close(tr.stop)
	tr.run()
	if all := tr.Everybody(); tr.lost.Load() != 1 || len(all) != 1 || len(all[0].Tracks) != 1 {
		t.Errorf("%d lost, there are %+v", tr.lost.Load(), all)
	}
}
