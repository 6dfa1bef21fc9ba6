package fanout_test

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/mcu/fanout"
)

// script is an encoder that puts out what it is told.
type script struct {
	au     codec.AccessUnit
	err    error
	forced int
	closed int
}

func (s *script) Encode(*image.YCbCr, time.Duration) (codec.AccessUnit, error) { return s.au, s.err }
func (s *script) ForceKeyFrame()                                               { s.forced++ }
func (s *script) Close() error                                                 { s.closed++; return nil }

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

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
		r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: au}}, &payload.H264Splitter{}, epoch)
		p, err := r.Encode(nil, epoch)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		var depacketizer codecs.H264Packet
		for _, payload := range p.Payloads {
			if len(payload) > maxPayload {
				t.Errorf("a payload has %d bytes", len(payload))
			}
			part, err := depacketizer.Unmarshal(payload)
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
		r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: c.au}}, &payload.H264Splitter{}, epoch)
		p, err := r.Encode(nil, epoch)
		if err != nil || !slices.EqualFunc(p.Payloads, c.want, bytes.Equal) {
			t.Errorf("%s: %x, %v", c.name, p.Payloads, err)
		}
	}
}

// TestKeyFramesCoalesce asks for key frames all the time.
func TestKeyFramesCoalesce(t *testing.T) {
	enc := &script{au: codec.AccessUnit{Data: []byte{0, 0, 1, 0x65}}}
	r := fanout.NewRendition(enc, &payload.H264Splitter{}, epoch)
	var keys []time.Duration
	for at := time.Duration(0); at < 5*time.Second; at += 40 * time.Millisecond {
		r.RequestKeyFrame()
		r.RequestKeyFrame()
		forced := enc.forced
		enc.au.Key = r.KeyDue(epoch.Add(at))
		p, err := r.Encode(nil, epoch.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		if want := uint32(at.Milliseconds() * 90); p.Timestamp != want {
			t.Errorf("timestamp %d, not %d", p.Timestamp, want)
		}
		if p.Key != (enc.forced > forced) {
			t.Errorf("at %v: key %v, forced %d times", at, p.Key, enc.forced-forced)
		}
		if p.Key {
			keys = append(keys, at)
		}
	}
	if want := []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}; !slices.Equal(keys, want) {
		t.Errorf("key frames at %v", keys)
	}
	if s := r.Stats(); s.Encodes != 125 || s.KeyFrames != 5 || s.Skipped != 0 || s.Bytes != 125*4 {
		t.Errorf("%+v", s)
	}
}

// TestKeyFrameIsKept has the encoder fail and leave pictures out: the request
// stands until there is an IDR.
func TestKeyFrameIsKept(t *testing.T) {
	enc := &script{err: errors.New("no")}
	r := fanout.NewRendition(enc, &payload.H264Splitter{}, epoch)
	r.RequestKeyFrame()
	if _, err := r.Encode(nil, epoch); !errors.Is(err, enc.err) {
		t.Errorf("error %v", err)
	}
	enc.err = nil // and an empty access unit
	if p, err := r.Encode(nil, epoch); err != nil || len(p.Payloads) > 0 || p.Key {
		t.Errorf("%+v, %v", p, err)
	}
	if !r.KeyDue(epoch) || enc.forced != 2 || r.Stats().Skipped != 1 {
		t.Errorf("due %v, forced %d, %+v", r.KeyDue(epoch), enc.forced, r.Stats())
	}
	if err := r.Close(); err != nil || enc.closed != 1 {
		t.Errorf("close: %v, %d times", err, enc.closed)
	}
}

func TestEncodeAllocates(t *testing.T) {
	data := append([]byte{0, 0, 0, 1, 0x67}, bytes.Repeat([]byte{7}, 20)...)
	data = append(append(data, 0, 0, 0, 1, 0x65), bytes.Repeat([]byte{5}, 60_000)...)
	r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: data}}, &payload.H264Splitter{}, epoch)
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

func BenchmarkPacketize(b *testing.B) {
	data := append([]byte{0, 0, 0, 1, 0x41}, bytes.Repeat([]byte{5}, 6000)...)
	r := fanout.NewRendition(&script{au: codec.AccessUnit{Data: data}}, &payload.H264Splitter{}, epoch)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Encode(nil, epoch); err != nil {
			b.Fatal(err)
		}
	}
}
