package ingest_test

import (
	"bytes"
	"image"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// sends is how a sender cuts a stream into packets. Each of these was seen in the field.
type sends struct {
	markers string // "last": of each picture; "all": each NAL unit's; "none"
	sets    string // of parameters: "each" key frame, "once", "offer" only, "apart" with a timestamp of their own
	padding bool   // a packet of padding behind each picture
	unseen  int    // pictures that nobody looks at, at first
}

var spsNAL, ppsNAL = append([]byte{0x67, 0x42, 0xc0, 0x1f, 0xd9}, make([]byte, 5)...), []byte{0x68, 0xce, 0x3c, 0x80, 0}

// film makes packets of pictures of two slices, of which each tenth is an IDR.
func (s sends) film(pictures int) (out []rtp.Packet) {
	seq, timestamp := uint16(100), uint32(5000)
	add := func(marker bool, payload []byte) {
		out = append(out, rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: seq, Timestamp: timestamp, Marker: marker && s.markers != "none" || s.markers == "all",
		}, Payload: payload})
		seq++
	}
	for i := range pictures {
		kind := byte(1)
		if i%10 == 0 {
			kind = 5
			if s.sets == "each" || s.sets != "offer" && i == 0 {
				add(false, spsNAL)
				add(false, ppsNAL)
			}
			if s.sets == "apart" && i == 0 {
				timestamp += 100
			}
		}
		add(false, []byte{0x60 | kind, 0x80, byte(i), 1, 1}) // first_mb_in_slice is 0
		add(true, []byte{0x60 | kind, 0x40, byte(i), 2, 2})
		if s.padding {
			add(false, nil)
		}
		timestamp += 3000
	}
	return out
}

// TestSenders has streams cut in all ways: a decoder gets each picture whole, with parameters
// before the first, and is told of no loss but where markers turn out to be no picture's end.
func TestSenders(t *testing.T) {
	for name, c := range map[string]struct {
		sends
		offered [][]byte
		losses  int
	}{
		"as most send":                       {sends{markers: "last", sets: "each"}, nil, 0},
		"parameters once":                    {sends{markers: "last", sets: "once"}, nil, 0},
		"parameters once, nobody looks":      {sends{markers: "last", sets: "once", unseen: 15}, nil, 0},
		"parameters of another time":         {sends{markers: "last", sets: "apart", unseen: 15}, nil, 0},
		"parameters in the offer":            {sends{markers: "last", sets: "offer"}, [][]byte{ppsNAL, spsNAL}, 0},
		"padding":                            {sends{markers: "last", sets: "each", padding: true}, nil, 0},
		"no markers":                         {sends{markers: "none", sets: "each"}, nil, 0},
		"markers on all":                     {sends{markers: "all", sets: "each"}, nil, 1},
		"markers on all, padding, sets once": {sends{markers: "all", sets: "once", padding: true, unseen: 15}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dec := &tape{}
			v := ingest.NewVideo(ingest.VideoConfig{
				Joiner: &payload.H264Joiner{},
				Turns:  make(chan struct{}, 1), Decoder: dec, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
				Reassembled: unobserved{}, Decoded: unobserved{}, Parameters: c.offered,
			})
			now, losses := epoch, 0
			for _, p := range c.film(40) {
				if p.Timestamp >= 5000+uint32(3000*c.unseen) && losses == 0 {
					v.Show(image.Pt(64, 36), now)
					dec.lost, losses = 0, 1
				}
				v.Push(&p, now)
				now = now.Add(10 * time.Millisecond)
			}
			if dec.lost > c.losses {
				t.Errorf("%d losses were told", dec.lost)
			}
			whole, keys := 0, 0
			for _, u := range dec.units {
				if bytes.Contains(u, []byte{0x80, u[len(u)-3], 1, 1}) && bytes.HasSuffix(u, []byte{2, 2}) {
					whole++
				}
				if bytes.Contains(u, annexB(spsNAL[:5])) && bytes.Contains(u, annexB(ppsNAL[:4])) {
					keys++
				}
			}
			if want := 40 - c.unseen - 5; whole < want || keys < (40-c.unseen)/10 {
				t.Errorf("%d whole pictures of %d, %d with parameters", whole, want, keys)
			}
		})
	}
}
