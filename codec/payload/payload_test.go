package payload_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec/payload"
)

// longest leaves room for all headers in the 1280 bytes that every IPv6 link carries.
const longest = 1280 - 40 - 8 - 12 - 16 - 16

// drawUnit draws an access unit in Annex B. It has no zeros: start codes and what Annex B does to
// them is not the point.
func drawUnit(t *rapid.T) []byte {
	var au []byte
	for range rapid.IntRange(1, 5).Draw(t, "nal units") {
		n := rapid.OneOf(rapid.IntRange(2, 40), rapid.IntRange(1170, 1190), rapid.IntRange(2, 20_000)).Draw(t, "length")
		nal := bytes.Repeat(rapid.SliceOfN(rapid.ByteRange(1, 255), 1, 50).Draw(t, "bytes"), n)[:n]
		nal[0] = 0x60 | rapid.ByteRange(1, 23).Draw(t, "type")
		au = append(append(au, 0, 0, 0, 1), nal...)
	}
	return au
}

// join gives payloads to a joiner and returns what comes out.
func join(t *rapid.T, j payload.Joiner, payloads [][]byte) []byte {
	j.Reset()
	for i, p := range payloads {
		if len(p) > longest {
			t.Fatalf("payload %d has %d bytes", i, len(p))
		}
		if i == 0 && !j.Starts(p) || !j.Add(p) {
			t.Fatalf("payload %d of %d is refused", i, len(payloads))
		}
	}
	if !j.Whole() {
		t.Fatal("what came is not whole")
	}
	return j.Unit()
}

// TestRoundTrip: what a Splitter cuts, the Joiner joins to the same bytes, and pion's
// depacketizer too.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		au := drawUnit(t)
		var split payload.H264Splitter
		payloads := split.Split(au)
		if got := join(t, &payload.H264Joiner{}, payloads); !bytes.Equal(got, au) {
			t.Errorf("%d bytes came back, not the same %d", len(got), len(au))
		}
		var other codecs.H264Packet
		var foreign []byte
		for _, p := range payloads {
			part, err := other.Unmarshal(p)
			if err != nil {
				t.Fatal(err)
			}
			foreign = append(foreign, part...)
		}
		if !bytes.Equal(foreign, au) {
			t.Errorf("pion reads %d bytes, not the same %d", len(foreign), len(au))
		}
		var frames payload.VP8Splitter
		if got := join(t, &payload.VP8Joiner{}, frames.Split(au)); !bytes.Equal(got, au) {
			t.Errorf("VP8: %d bytes came back, not the same %d", len(got), len(au))
		}
	})
}

// TestLoss: without one of its payloads an access unit is not whole, or it lacks NAL units, but
// no byte comes out that did not go in.
func TestLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		au := drawUnit(t)
		var split payload.H264Splitter
		payloads := split.Split(au)
		lost := rapid.IntRange(0, len(payloads)-1).Draw(t, "lost")
		j := &payload.H264Joiner{}
		for _, p := range slices.Delete(slices.Clone(payloads), lost, lost+1) {
			if !j.Add(p) {
				return
			}
		}
		if j.Whole() && len(j.Unit()) >= len(au) {
			t.Errorf("%d bytes of %d came out without payload %d", len(j.Unit()), len(au), lost)
		}
	})
}

// TestTakesH264 has fmtp lines of clients (RFC 6184 §8.1).
func TestTakesH264(t *testing.T) {
	for _, line := range payload.H264Formats() {
		if !payload.TakesH264(line) {
			t.Errorf("%s is registered and not taken", line)
		}
	}
	for line, want := range map[string]bool{
		"packetization-mode=1":                                  true, // baseline by itself
		"Packetization-Mode=1; Profile-Level-Id=42e01f":         true,
		"profile-level-id=42e01f;packetization-mode=1;max-br=5": true,
		"packetization-mode=1;profile-level-id=640c1f":          true,
		"": false, // mode 0
		"packetization-mode=0;profile-level-id=42e01f": false,
		"packetization-mode=1;profile-level-id=f4001f": false, // high 4:4:4
		"packetization-mode=1;profile-level-id=42e0":   false,
		"packetization-mode=1;profile-level-id=xyzxyz": false,
	} {
		if got := payload.TakesH264(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestAllocs(t *testing.T) {
	au := append([]byte{0, 0, 0, 1, 0x65}, bytes.Repeat([]byte{5}, 60_000)...)
	for name, c := range map[string]struct {
		split payload.Splitter
		join  payload.Joiner
	}{
		"H.264": {&payload.H264Splitter{}, &payload.H264Joiner{}},
		"VP8":   {&payload.VP8Splitter{}, &payload.VP8Joiner{}},
	} {
		trip := func() {
			c.join.Reset()
			for _, p := range c.split.Split(au) {
				c.join.Add(p)
			}
		}
		trip()
		if n := testing.AllocsPerRun(100, trip); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func Example() {
	var split payload.H264Splitter
	var join payload.H264Joiner
	au := append([]byte{0, 0, 0, 1, 0x65}, make([]byte, 3000)...)
	au[len(au)-1] = 0x80
	payloads := split.Split(au)
	for _, p := range payloads {
		join.Add(p)
	}
	fmt.Println(len(payloads), "payloads,", join.Whole(), len(join.Unit()) == len(au))
	// Output: 3 payloads, true true
}
