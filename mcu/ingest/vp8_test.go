package ingest_test

import (
	"bytes"
	"image"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/limit"
	"tilemix/codec/payload"
	"tilemix/codec/vp8"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
	"tilemix/mcu/rtptime"
)

// newVP8Reel is a reel of VP8.
func newVP8Reel() *reel { return newReelOf(&payload.VP8Joiner{}) }

// TestDepacketizeVP8 feeds the payloads of one frame.
func TestDepacketizeVP8(t *testing.T) {
	frame := []byte{0x10, 2, 3, 4, 5, 6}
	with := func(descriptor ...byte) []byte { return append(descriptor, frame...) }
	depacketize(t, newVP8Reel, []unit{
		{"mandatory byte", [][]byte{with(0x10)}, frame},
		{"not referred to", [][]byte{with(0x30)}, frame},
		{"extension of nothing", [][]byte{with(0x90, 0x00)}, frame},
		{"PictureID of 7 bits", [][]byte{with(0x90, 0x80, 0x7f)}, frame},
		{"PictureID of 15 bits", [][]byte{with(0x90, 0x80, 0xff, 0xff)}, frame},
		{"base layer's number", [][]byte{with(0x90, 0x40, 0xff)}, frame},
		{"layer", [][]byte{with(0x90, 0x20, 0xff)}, frame},
		{"key frame's number", [][]byte{with(0x90, 0x10, 0xff)}, frame},
		{"all", [][]byte{with(0x90, 0xf0, 0x80, 0x01, 0xff, 0xff)}, frame},
		{"reserved bits", [][]byte{with(0xd8&^0x08, 0x0f)}, frame},
		{"two packets", [][]byte{{0x10, 0x10, 2, 3}, {0x00, 4, 5, 6}}, frame},
		{"two partitions", [][]byte{{0x10, 0x10, 2, 3}, {0x11, 4, 5}, {0x01, 6}}, frame},

		{"descriptor alone", [][]byte{{0x10}}, nil},
		{"no flags", [][]byte{{0x90}}, nil},
		{"flags alone", [][]byte{{0x90, 0x80}}, nil},
		{"PictureID cut", [][]byte{{0x90, 0x80, 0x80}}, nil},
		{"nothing behind PictureID", [][]byte{{0x90, 0x80, 0x01}}, nil},
		{"nothing behind all", [][]byte{{0x90, 0xf0, 0x80, 0x01, 0xff, 0xff}}, nil},
		{"not begun", [][]byte{with(0x00)}, nil},
		{"begun with another partition", [][]byte{with(0x11)}, nil},
		{"twice begun", [][]byte{with(0x10), with(0x10)}, nil},
		{"empty packet behind", [][]byte{with(0x10), {0x00}}, nil},
	})
}

// TestVP8RoundTrip sends frames through a rendition's packetizer, or pion's as a
// sender with PictureIDs, and a line that loses, doubles and reorders: what comes
// out is what went in, and nothing is missing but what was hit.
func TestVP8RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var split payload.VP8Splitter
		foreign := codecs.VP8Payloader{EnablePictureID: rapid.Bool().Draw(t, "PictureID")}
		other := rapid.Bool().Draw(t, "foreign")
		seq := rapid.Uint16().Draw(t, "seq")
		const many = 8 // at the end, so that what is missing is given up
		n := rapid.IntRange(1, 20).Draw(t, "frames")
		var units [][]byte
		var came []rtp.Packet
		hit := map[int]bool{}
		for i := range n + many {
			size := rapid.SampledFrom([]int{1, 900, 1179, 1180, 3000, 9000}).Draw(t, "size")
			unit := bytes.Repeat([]byte{byte(i + 1)}, size)
			payloads := split.Split(unit)
			if other {
				payloads = foreign.Payload(1180, unit)
			}
			units = append(units, unit)
			for j, payload := range payloads {
				p := rtp.Packet{Header: rtp.Header{
					SequenceNumber: seq, Timestamp: uint32(3000 * i), Marker: j == len(payloads)-1,
				}, Payload: bytes.Clone(payload)}
				seq++
				fate := rapid.SampledFrom([]string{"", "", "", "", "late", "twice", "lost"}).Draw(t, "fate")
				switch {
				case i >= n || len(came) == 0: // the first one says where the stream begins
					came = append(came, p)
				case fate == "lost":
					hit[i] = true
				case fate == "twice":
					came = append(came, p, p)
				case fate == "late":
					back := rapid.IntRange(0, min(len(came)-1, 8)).Draw(t, "places")
					came = slices.Insert(came, len(came)-back, p)
				default:
					came = append(came, p)
				}
			}
		}
		tape := newVP8Reel()
		for _, p := range came {
			apart := time.Millisecond
			if p.Timestamp >= uint32(3000*n) {
				apart = 100 * time.Millisecond
			}
			tape.push(apart, p)
		}
		var want [][]byte
		for i, u := range units {
			if !hit[i] {
				want = append(want, u)
			}
		}
		if !slices.EqualFunc(tape.units, want, bytes.Equal) {
			t.Errorf("%v came out, not %v", numbers(tape.units), numbers(want))
		}
		if (len(hit) > 0) != (tape.lost > 0) {
			t.Errorf("%d frames were hit, %d losses told", len(hit), tape.lost)
		}
	})
}

// vp8Packets returns the packets of n encoded pictures.
func vp8Packets(tb testing.TB, w, h, n int) []rtp.Packet {
	tb.Helper()
	enc, err := vp8.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 3*w*h + 100_000})
	if err != nil {
		tb.Fatal(err)
	}
	defer enc.Close()
	var split payload.VP8Splitter
	var out []rtp.Packet
	for i := range n {
		at := time.Duration(i) * time.Second / 30
		au, err := enc.Encode(codectest.Picture(w, h, i), at)
		if err != nil {
			tb.Fatal(err)
		}
		payloads := split.Split(au.Data)
		for j, body := range payloads {
			out = append(out, rtp.Packet{Header: rtp.Header{
				Version: 2, SequenceNumber: uint16(len(out)), Timestamp: rtptime.Timestamp(at, 90_000), Marker: j == len(payloads)-1,
			}, Payload: bytes.Clone(body)})
		}
	}
	return out
}

// FuzzVP8 pushes a payload among those of good frames into a real decoder.
func FuzzVP8(f *testing.F) {
	good := vp8Packets(f, 64, 48, 4)
	for _, p := range good {
		f.Add(p.Payload, true, uint8(1))
	}
	f.Add([]byte{0x90, 0xf0, 0x80, 0x01, 0xff, 0xff, 0x31}, false, uint8(2))
	f.Add([]byte{0x10, 0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x00, 0x30, 0x00, 0xff}, true, uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, marker bool, at uint8) {
		dec, err := vp8.NewDecoder(limit.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		pool := yuv.NewPool(3)
		v := ingest.NewVideo(ingest.VideoConfig{
			Turns: make(chan struct{}, 1), Decoder: dec, Joiner: &payload.VP8Joiner{}, Pool: pool, RequestKeyFrame: func() {},
			Reassembled: unobserved{}, Decoded: unobserved{},
		})
		v.Show(image.Pt(64, 48), nil, epoch)
		now := epoch
		push := func(p rtp.Packet) {
			v.Push(&p, now)
			now = now.Add(30 * time.Millisecond)
		}
		place := int(at) % len(good)
		for i, p := range good {
			if i == place {
				p.Payload, p.Marker = body, marker
			}
			push(p)
		}
		// The same again, whole: it is shown.
		before := v.Stats().Pictures
		for i, p := range good {
			p.SequenceNumber, p.Timestamp = uint16(len(good)+i), p.Timestamp+90_000
			push(p)
		}
		if v.Stats().Pictures == before && len(body) < 1000 {
			t.Error("a good stream is not shown")
		}
		v.Stop()
		v.Release()
		if n := pool.Live(); n != 0 {
			t.Errorf("%d pictures are left", n)
		}
	})
}
