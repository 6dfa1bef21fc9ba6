package record

import (
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/mcu/media"
)

// TestGate has pictures of a camera come, be lost by the network, be dropped for want of room, and pause,
// in any order. What reaches the file can be decoded: each picture follows the one before it, or is an IDR.
// Whenever one is left out, the camera is asked for an IDR, but not in a pause.
func TestGate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := newTracks(newTimeline("", "x", func() {}, nil), true)
		var n, last uint64 // of pictures, and the last that reached the file
		for range rapid.IntRange(1, 60).Draw(t, "pictures") {
			n++
			switch rapid.SampledFrom([]string{"comes", "comes", "comes", "lost", "pause", "go on", "full"}).Draw(t, "what") {
			case "lost":
				continue
			case "pause":
				tr.paused.Store(true)
			case "go on":
				tr.paused.Store(false)
			case "full":
				tr.held.Add(tracksBytes)
			}
			key := rapid.IntRange(0, 5).Draw(t, "key") == 0
			asked := tr.Picture("a", codec.H264, n, []byte{1}, key, media.Time{})
			if tr.held.Load() >= tracksBytes {
				tr.held.Add(-tracksBytes)
			}
			if len(tr.full) == 0 {
				if asked == tr.paused.Load() {
					t.Fatalf("picture %d is left out, paused is %v, and an IDR is asked for: %v", n, tr.paused.Load(), asked)
				}
				continue
			}
			if p := <-tr.full; !p.key && last+1 != n {
				t.Fatalf("picture %d follows %d", n, last)
			} else if asked {
				t.Fatalf("picture %d is there, and an IDR is asked for", n)
			} else {
				tr.give(p)
			}
			last = n
		}
		if tr.held.Load() != 0 {
			t.Fatalf("%d bytes are held", tr.held.Load())
		}
	})
}

// TestOtherCodecs: pictures that are no H.264 go into no file, and nobody is asked for more of them.
func TestOtherCodecs(t *testing.T) {
	tr := testTracks(t)
	if tr.Picture("a", codec.VP8, 1, []byte{1}, true, media.Time{}) || len(tr.full) != 0 {
		t.Error("a VP8 picture was taken, or an IDR asked for")
	}
	line := newTracks(newTimeline("", "x", func() {}, nil), false)
	line.Sound("a", []byte{0xf8}, media.Time{})
	if line.Picture("a", codec.H264, 1, []byte{1}, true, media.Time{}) || len(line.full) != 0 {
		t.Error("a recording without tracks takes media")
	}
	line.Joined("a", "Ada", 0)
	if len(line.full) != 1 {
		t.Error("a recording without tracks does not know its participants")
	}
}
