package payload_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec/payload"
)

// maxPayload leaves room for all headers in the 1280 bytes that every IPv6 link
// carries.
const maxPayload = 1280 - 40 - 8 - 12 - 16 - 16

// TestPackets cuts access units up and has pion put them together again: byte
// for byte the same, in packets that fit.
func TestPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var au, want []byte
		for range rapid.IntRange(1, 5).Draw(t, "nal units") {
			n := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1170, 1190), rapid.IntRange(1, 20_000)).Draw(t, "length")
			// No zeros: start codes and what Annex B does to them is not the point.
			nal := bytes.Repeat(rapid.SliceOfN(rapid.ByteRange(1, 255), 1, 50).Draw(t, "bytes"), n)[:n]
			nal[0] = 0x60 | rapid.ByteRange(1, 23).Draw(t, "type")
			long := rapid.Bool().Draw(t, "long start code")
			if long {
				au = append(au, 0)
			}
			au = append(append(au, 0, 0, 1), nal...)
			want = append(append(want, 0, 0, 0, 1), nal...)
		}
		var s payload.H264Splitter
		payloads := s.Split(au)
		var got []byte
		var depacketizer codecs.H264Packet
		for _, p := range payloads {
			if len(p) > maxPayload {
				t.Errorf("a payload has %d bytes", len(p))
			}
			part, err := depacketizer.Unmarshal(p)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, part...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back, not the same %d", len(got), len(want))
		}
	})
}

// TestPacketsOfOddStreams has what encoders may put out and the property has not.
func TestPacketsOfOddStreams(t *testing.T) {
	for _, c := range []struct {
		name string
		au   []byte
		want [][]byte
	}{
		{"nothing", nil, nil},
		{"no start code", []byte{1, 2, 3}, nil},
		{"start code alone", []byte{0, 0, 1}, nil},
		{"empty NAL unit", []byte{0, 0, 1, 0, 0, 1, 0x41, 5}, [][]byte{{0x41, 5}}},
		{"zeros behind", []byte{0, 0, 0, 1, 0x41, 5, 0, 0, 0}, [][]byte{{0x41, 5}}},
		{"zeros within", []byte{0, 0, 0, 1, 0x41, 0, 0, 3, 1}, [][]byte{{0x41, 0, 0, 3, 1}}},
	} {
		var s payload.H264Splitter
		payloads := s.Split(c.au)
		if !slices.EqualFunc(payloads, c.want, bytes.Equal) {
			t.Errorf("%s: %x", c.name, payloads)
		}
	}
}

// TestVP8Packets cuts frames up and has pion put them together again: byte for byte
// the same, in packets that fit and differ by a byte in length, of which the first
// says that it is.
func TestVP8Packets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(1170, 1190), rapid.IntRange(1, 60_000)).Draw(t, "length")
		au := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "bytes"), n)[:n]
		var s payload.VP8Splitter
		payloads := s.Split(au)
		var got []byte
		var packet codecs.VP8Packet
		for i, p := range payloads {
			if len(p) > maxPayload || len(payloads[0])-len(p) > 1 {
				t.Errorf("payload %d has %d bytes, the first %d", i, len(p), len(payloads[0]))
			}
			part, err := packet.Unmarshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if packet.IsPartitionHead(p) != (i == 0) || packet.PID != 0 {
				t.Errorf("payload %d: %+v", i, packet)
			}
			got = append(got, part...)
		}
		if !bytes.Equal(got, au) {
			t.Errorf("%d bytes came back, not the same %d", len(got), len(au))
		}
	})
}

// TestSplitAllocates splits large access units again and again.
func TestSplitAllocates(t *testing.T) {
	h264 := append([]byte{0, 0, 0, 1, 0x67}, bytes.Repeat([]byte{7}, 20)...)
	h264 = append(append(h264, 0, 0, 0, 1, 0x65), bytes.Repeat([]byte{5}, 60_000)...)
	for _, c := range []struct {
		s  payload.Splitter
		au []byte
	}{{&payload.H264Splitter{}, h264}, {&payload.VP8Splitter{}, make([]byte, 60_000)}} {
		c.s.Split(c.au)
		if n := testing.AllocsPerRun(100, func() { c.s.Split(c.au) }); n > 0 {
			t.Errorf("%T: %v allocations", c.s, n)
		}
	}
}
