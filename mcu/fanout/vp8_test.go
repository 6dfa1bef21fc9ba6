package fanout_test

import (
	"bytes"
	"testing"

	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/mcu/fanout"
)

// TestVP8Packets cuts frames up and has pion put them together again: byte for byte
// the same, in packets that fit and differ by a byte in length, of which the first
// says that it is.
func TestVP8Packets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(1170, 1190), rapid.IntRange(1, 60_000)).Draw(t, "length")
		au := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "bytes"), n)[:n]
		r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: au}}, &payload.VP8Splitter{}, epoch)
		p, err := r.Encode(nil, epoch)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		var packet codecs.VP8Packet
		for i, payload := range p.Payloads {
			if len(payload) > maxPayload || len(p.Payloads[0])-len(payload) > 1 {
				t.Errorf("payload %d has %d bytes, the first %d", i, len(payload), len(p.Payloads[0]))
			}
			part, err := packet.Unmarshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			if packet.IsPartitionHead(payload) != (i == 0) || packet.PID != 0 {
				t.Errorf("payload %d: %+v", i, packet)
			}
			got = append(got, part...)
		}
		if !bytes.Equal(got, au) {
			t.Errorf("%d bytes came back, not the same %d", len(got), len(au))
		}
	})
}

func TestVP8EncodeAllocates(t *testing.T) {
	r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: make([]byte, 60_000)}}, &payload.VP8Splitter{}, epoch)
	encode := func() {
		if _, err := r.Encode(nil, epoch); err != nil {
			t.Fatal(err)
		}
	}
	encode()
	if n := testing.AllocsPerRun(100, encode); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
