package ingest_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/clocks"
)

// screening is a Video with a real decoder.
type screening struct {
	*ingest.Video
	pool  *yuv.Pool
	asked int
	now   time.Time
	skews skews
}

func newScreening(t testing.TB, tile image.Point) *screening {
	t.Helper()
	return newLimitedScreening(t, tile, limit.Limits{})
}

func newLimitedScreening(t testing.TB, tile image.Point, limits limit.Limits) *screening {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dec, err := h264.NewDecoder(limits)
	if err != nil {
		t.Fatal(err)
	}
	s := &screening{pool: yuv.NewPool(3 + ingest.MaxHeld), now: epoch}
	s.Video = ingest.NewVideo(ingest.VideoConfig{
		Joiner:  &payload.H264Joiner{},
		Turns:   make(chan struct{}, 1),
		Decoder: dec, Pool: s.pool, RequestKeyFrame: func() { s.asked++ },
		Reassembled: unobserved{}, Decoded: unobserved{}, Skew: &s.skews,
	})
	s.Show(tile, nil, s.now)
	return s
}

func (s *screening) push(apart time.Duration, packets ...rtp.Packet) {
	for i := range packets {
		s.Push(&packets[i], s.now)
		s.now = s.now.Add(apart)
	}
}

// end releases everything; nothing may be left.
func (s *screening) end(t testing.TB) {
	t.Helper()
	s.Stop()
	s.Release()
	if n := s.pool.Live(); n != 0 {
		t.Errorf("%d pictures are still out", n)
	}
}

// encoded returns n pictures of codectest's clip as access units.
func encoded(t testing.TB, w, h, n int) [][]byte {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 3*w*h + 100_000})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	var units [][]byte
	for i := range n {
		au, err := enc.Encode(codectest.Picture(w, h, i), time.Duration(i)*time.Second/30)
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, bytes.Clone(au.Data))
	}
	return units
}

// TestVideo sends a clip and looks at what comes for the tile.
func TestVideo(t *testing.T) {
	for _, c := range []struct {
		name             string
		src, tile, place image.Point
	}{
		{"same size", image.Pt(320, 180), image.Pt(320, 180), image.Pt(320, 180)},
		{"smaller", image.Pt(640, 360), image.Pt(320, 180), image.Pt(320, 180)},
		{"larger", image.Pt(160, 90), image.Pt(320, 180), image.Pt(320, 180)},
		{"cropped", image.Pt(320, 240), image.Pt(320, 180), image.Pt(320, 180)},
		{"boxed", image.Pt(180, 320), image.Pt(320, 180), image.Pt(102, 180)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreening(t, c.tile)
			defer s.end(t)
			for i, unit := range encoded(t, c.src.X, c.src.Y, 5) {
				before := s.now
				p := packets(uint16(100*i), unit)
				for j := range p {
					p[j].Timestamp = uint32(3000 * i)
					p[j].SequenceNumber = uint16(int(s.Stats().Packets) + j)
				}
				s.push(0, p...)
				f, fresh := s.Picture(nil, epoch)
				if f == nil || !fresh || f.Rect.Size() != c.place {
					t.Fatalf("picture %d: %v, fresh %v", i, f, fresh)
				}
				if !f.At.Equal(before) {
					t.Errorf("picture %d came at %v, not %v", i, f.At, before)
				}
				if again, fresh := s.Picture(nil, epoch); again != f || fresh {
					t.Errorf("picture %d is fresh again", i)
				}
				s.now = s.now.Add(33 * time.Millisecond)
			}
			if c.src == c.tile {
				f, _ := s.Picture(nil, epoch)
				if psnr := codectest.PSNR(&f.YCbCr, codectest.Picture(c.src.X, c.src.Y, 4)); psnr < 30 {
					t.Errorf("the picture has %.1f dB", psnr)
				}
			}
		})
	}
}

// TestVideoNewest sends more than is looked at: the newest picture wins, and the
// pool is never empty.
func TestVideoNewest(t *testing.T) {
	s := newScreening(t, image.Pt(160, 90))
	defer s.end(t)
	units := encoded(t, 160, 90, 20)
	s.push(0, packets(0, units[:10]...)...)
	s.Picture(nil, epoch)
	s.push(0, packets(uint16(s.Stats().Packets), units[10:]...)...)
	f, fresh := s.Picture(nil, epoch)
	if !fresh || codectest.PSNR(&f.YCbCr, codectest.Picture(160, 90, 19)) < 30 {
		t.Error("the picture is not the newest")
	}
	if n := s.Stats(); n.Pictures != 20 || n.Starved != 0 {
		t.Errorf("%+v", n)
	}
}

// TestVideoUnseen decodes nothing while nobody looks, and asks for a key frame
// when somebody does.
func TestVideoUnseen(t *testing.T) {
	s := newScreening(t, image.Point{})
	defer s.end(t)
	p := packets(0, encoded(t, 160, 90, 40)...)
	cut := len(p) / 2
	s.push(33*time.Millisecond, p[:cut]...)
	if f, _ := s.Picture(nil, epoch); f != nil || s.asked > 0 || s.Stats().Pictures > 0 {
		t.Errorf("unseen: picture %v, asked %d, %+v", f, s.asked, s.Stats())
	}
	s.Show(image.Pt(160, 90), nil, s.now)
	if s.asked != 1 {
		t.Errorf("a sender that is seen again was asked for %d key frames at once", s.asked)
	}
	s.push(33*time.Millisecond, p[cut:]...)
	if f, _ := s.Picture(nil, epoch); f != nil {
		t.Error("a picture came without an IDR")
	}
	if s.asked != 1 {
		t.Errorf("asked for %d key frames in less than a second", s.asked)
	}
	key := packets(uint16(len(p)), encoded(t, 160, 90, 1)...)
	s.push(0, key...)
	if f, _ := s.Picture(nil, epoch); f == nil {
		t.Error("no picture after an IDR")
	}
}

// TestVideoLeft lets go of the camera before its track has ended.
func TestVideoLeft(t *testing.T) {
	s := newScreening(t, image.Pt(160, 90))
	p := packets(0, encoded(t, 160, 90, 10)...)
	s.push(0, p[:len(p)/2]...)
	s.Picture(nil, epoch)
	s.Release()
	s.push(0, p[len(p)/2:]...)
	if n := s.pool.Live(); n != 0 {
		t.Errorf("%d pictures are out after the end", n)
	}
	s.end(t)
}

// TestVideoStarved takes all pictures away: what comes is dropped and counted.
// TestVideoLimited: a stream over a limit is counted by it, gives no picture and is asked for a
// key frame, in case that the next is smaller.
func TestVideoLimited(t *testing.T) {
	full := limit.NewMemory(100_000)
	for name, c := range map[string]struct {
		limits limit.Limits
		count  func(ingest.VideoStats) uint64
	}{
		"too large": {limit.Limits{Pixels: 320 * 180}, func(n ingest.VideoStats) uint64 { return n.Oversize }},
		"no memory": {limit.Limits{Pixels: 320 * 192, Memory: full}, func(n ingest.VideoStats) uint64 { return n.NoMemory }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLimitedScreening(t, image.Pt(64, 36), c.limits)
			s.now = s.now.Add(2 * time.Second) // after the request for the tile
			s.push(0, packets(0, encoded(t, 320, 180, 3)...)...)
			n := s.Stats()
			if c.count(n) != 1 || n.Pictures != 0 || s.asked == 0 {
				t.Errorf("%+v, and %d requests", n, s.asked)
			}
			s.end(t)
		})
	}
	if full.Held() != 0 {
		t.Errorf("%d bytes are still held", full.Held())
	}
}

func TestVideoStarved(t *testing.T) {
	s := newScreening(t, image.Pt(160, 90))
	var all []*yuv.Frame
	for f := s.pool.Get(2, 2); f != nil; f = s.pool.Get(2, 2) {
		all = append(all, f)
	}
	s.push(0, packets(0, encoded(t, 160, 90, 3)...)...)
	if n := s.Stats(); n.Starved != 3 || n.Pictures != 0 {
		t.Errorf("%+v", n)
	}
	for _, f := range all {
		f.Release()
	}
	s.end(t)
}

// still is a decoder that always sees the same.
type still struct{ img *image.YCbCr }

func (d still) Decode([]byte) (*image.YCbCr, error) { return d.img, nil }
func (d still) Close() error                        { return nil }

// TestVideoAllocations counts what a picture costs in steady state, from its
// packets to the slot, decoding aside: the decoder's binding has its own.
func TestVideoAllocations(t *testing.T) {
	v := ingest.NewVideo(ingest.VideoConfig{
		Joiner:  &payload.H264Joiner{},
		Turns:   make(chan struct{}, 1),
		Decoder: still{codectest.Picture(640, 360, 0)}, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
		Reassembled: unobserved{}, Decoded: unobserved{},
	})
	defer v.Release()
	v.Show(image.Pt(320, 180), nil, epoch)
	p := packets(0, clip(10)...)
	seq, now := uint16(0), epoch
	play := func() {
		for i := range p {
			p[i].SequenceNumber = seq
			p[i].Timestamp = uint32(seq)/4*3000 | uint32(seq)>>15
			seq++
			v.Push(&p[i], now)
			v.Picture(nil, epoch)
			now = now.Add(time.Millisecond)
		}
	}
	for range 60 { // every place of the window has its memory
		play()
	}
	if n := testing.AllocsPerRun(20, play); n > 0 {
		t.Errorf("%v allocations in ten pictures", n)
	}
	if s := v.Stats(); s.Pictures < 600 || s.Lost > 0 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkVideoPush(b *testing.B) {
	s := newScreening(b, image.Pt(640, 360))
	defer s.end(b)
	p := packets(0, encoded(b, 1280, 720, 30)...)
	seq, ts := uint16(0), uint32(0)
	b.ReportAllocs()
	for n := 0; b.Loop(); {
		for {
			i := n % len(p)
			n++
			p[i].SequenceNumber, seq = seq, seq+1
			p[i].Timestamp = ts
			s.push(time.Millisecond, p[i])
			if p[i].Marker {
				ts += 3000
				s.Picture(nil, epoch)
				break
			}
		}
	}
}

// readPcap returns the RTP packets of a recording of UDP over IPv4 over Ethernet.
func readPcap(t *testing.T, name string) []rtp.Packet {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared/media/rtp", name))
	if err != nil {
		t.Skipf("the recording is not there: %v", err)
	}
	var out []rtp.Packet
	for data = data[24:]; len(data) >= 16; {
		n := int(binary.LittleEndian.Uint32(data[8:]))
		frame := data[16 : 16+n]
		data = data[16+n:]
		ip := frame[14:]
		var p rtp.Packet
		if ip[9] == 17 && p.Unmarshal(ip[int(ip[0]&15)*4+8:]) == nil && len(p.Payload) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// TestRecordings plays what others have recorded of real streams.
func TestRecordings(t *testing.T) {
	for _, c := range []struct {
		name             string
		pictures         uint64 // at least
		minLost, maxLost uint64
	}{
		{"str0m_h264_webrtc.pcap", 20, 1, 3},
		{"membrane_h264_loss_reorder.pcap", 60, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreening(t, image.Pt(320, 180))
			defer s.end(t)
			recorded := readPcap(t, c.name)
			for _, p := range recorded {
				s.push(3*time.Millisecond, p)
				s.Picture(nil, epoch)
			}
			t.Logf("%d packets, %d key frames asked for: %+v", len(recorded), s.asked, s.Stats())
			n := s.Stats()
			if n.Pictures < c.pictures || n.Lost < c.minLost || n.Lost > c.maxLost {
				t.Errorf("%+v", n)
			}
		})
	}
}

// FuzzVideo has anything at all for packets.
func FuzzVideo(f *testing.F) {
	var whole []byte
	for _, p := range packets(0, encoded(f, 64, 48, 4)...) {
		whole = append(whole, 1, byte(len(p.Payload)>>8), byte(len(p.Payload)))
		if p.Marker {
			whole[len(whole)-3] |= 0x80
		}
		whole = append(whole, p.Payload...)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{1, 0, 3, 0x7c, 0x85, 1, 0x82, 0, 3, 0x7c, 5, 1})
	f.Add([]byte{0x81, 0, 5, 0x78, 0, 2, 0x41, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newScreening(t, image.Pt(64, 36))
		defer s.end(t)
		var p rtp.Packet
		for len(data) >= 3 {
			// One byte says how far the number moves and whether the access unit ends.
			step, n := data[0], min(int(binary.BigEndian.Uint16(data[1:])), len(data)-3)
			p.SequenceNumber += uint16(int8(step<<1) >> 1)
			p.Marker = step&0x80 != 0
			p.Payload, data = data[3:3+n], data[3+n:]
			s.push(5*time.Millisecond, p)
			if p.Marker {
				p.Timestamp += 3000
				s.Picture(nil, epoch)
			}
		}
	})
}

// TestClockSet has the machine's clock set back by an hour: the sender is asked for an IDR all the same.
func TestClockSet(t *testing.T) {
	s := newScreening(t, image.Pt(160, 90))
	defer s.end(t)
	now := time.Now()
	s.AskKeyFrame(now)
	s.AskKeyFrame(clocks.Set(now.Add(1100*time.Millisecond), -time.Hour))
	if s.asked != 2 {
		t.Errorf("it was asked %d times", s.asked)
	}
}
