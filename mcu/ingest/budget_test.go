package ingest_test

import (
	"errors"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/headroom"
	"tilemix/mcu/ingest"
	"tilemix/mcu/mcutest/poll"
)

// meter is a decoder that takes no time and adds up what decoding would have taken
// on a machine like the one that the cap is stated for.
type meter struct {
	img    *image.YCbCr
	frozen bool
	spent  time.Duration
	shown  int
	err    error         // what it returns after taking
	takes  time.Duration // so long
}

func (m *meter) Decode(au []byte) (*image.YCbCr, error) {
	key := au[4]&0x1f == 5
	if m.frozen && !key {
		return nil, codec.ErrCorrupt
	}
	if m.err != nil {
		time.Sleep(m.takes)
		m.spent += m.takes
		return nil, m.err
	}
	m.frozen = false
	m.shown++
	m.spent += time.Duration(2.3*float64(m.img.Rect.Dx()*m.img.Rect.Dy()) + 60*float64(len(au)))
	return m.img, nil
}
func (m *meter) MarkLoss()    { m.frozen = true }
func (m *meter) Close() error { return nil }

// sender is a camera that does as it likes.
type sender struct {
	size    image.Point
	rate    int // pictures a second
	bitrate int
	keys    int         // an IDR every so many pictures; 0: when asked
	spare   bool        // every other picture is needed by no other
	resize  image.Point // every second picture after a second is of this size, with an IDR
	err     error       // the decoder fails on every picture, after this long
	takes   time.Duration
	clock   func(*headroom.Headroom, time.Time) // ticks before each picture; nil: there is no headroom
}

// play sends for ten seconds and returns what came of it.
func (s sender) play() (*meter, ingest.VideoStats, int) {
	picture := func(p image.Point) *image.YCbCr {
		return image.NewYCbCr(image.Rectangle{Max: p}, image.YCbCrSubsampleRatio420)
	}
	m := &meter{img: picture(s.size), err: s.err, takes: s.takes}
	asked, wanted := 0, true
	var room *headroom.Headroom
	if s.clock != nil {
		room = headroom.New(2)
	}
	v := ingest.NewVideo(ingest.VideoConfig{
		Joiner: &payload.H264Joiner{},
		Turns:  make(chan struct{}, 1), Decoder: m, Pool: yuv.NewPool(3),
		RequestKeyFrame: func() { asked++; wanted = true }, Headroom: room,
		Reassembled: unobserved{}, Decoded: unobserved{},
	})
	defer v.Release()
	v.Show(image.Pt(320, 180), nil, time.Now())
	seq, sizes := uint16(0), [2]image.Point{s.resize, s.size}
	for n := range 10 * s.rate {
		header := byte(0x61) // a slice that others refer to
		if s.clock != nil {
			s.clock(room, time.Now())
		}
		key := n == 0 || s.keys > 0 && n%s.keys == 0 || s.keys == 0 && wanted
		if s.resize != (image.Point{}) && n%s.rate == 0 {
			m.img, key = picture(sizes[n/s.rate%2]), true
		}
		switch {
		case key:
			header, wanted = 0x65, false
		case s.spare && n%2 == 1:
			header = 0x01
		}
		unit := make([]byte, max(s.bitrate/8/s.rate, 10))
		unit[3], unit[4] = 1, header
		for i := range unit[5:] {
			unit[5+i] = 0xff
		}
		p := packets(seq, unit)
		seq += uint16(len(p))
		for i := range p {
			p[i].Timestamp = uint32(n * 90_000 / s.rate)
			v.Push(&p[i], time.Now())
		}
		v.Picture(nil, epoch)
		time.Sleep(time.Second / time.Duration(s.rate)) // in synctest
	}
	return m, v.Stats(), asked
}

// TestBudget holds cameras to a fifth of a core, and does nothing to who keeps to
// it. shown is how many of a hundred pictures are to be shown at least.
func TestBudget(t *testing.T) {
	poll.Alone(t)
	hd, full := image.Pt(1280, 720), image.Pt(1920, 1080)
	for _, c := range []struct {
		name   string
		sender sender
		capped bool
		shown  int
		asked  int // key frames at most
	}{
		{"what we ask for", sender{size: hd, rate: 30, bitrate: 1_500_000}, false, 100, 1},
		{"as browsers do", sender{size: hd, rate: 30, bitrate: 2_500_000}, false, 100, 1},
		{"1080p from a studio", sender{size: full, rate: 30, bitrate: 6_000_000, keys: 60}, false, 100, 1},
		{"60 pictures a second", sender{size: hd, rate: 60, bitrate: 4_000_000}, false, 100, 1},
		{"another size every second", sender{size: hd, rate: 30, bitrate: 1_500_000, resize: image.Pt(640, 360)}, false, 100, 1},
		{"120 pictures a second", sender{size: hd, rate: 120, bitrate: 3_000_000}, true, 55, 11},
		{"120 pictures, half of them spare", sender{size: hd, rate: 120, bitrate: 3_000_000, spare: true}, true, 55, 1},
		{"20 Mbit/s", sender{size: hd, rate: 60, bitrate: 20_000_000}, true, 55, 11},
		{"all of it", sender{size: full, rate: 60, bitrate: 20_000_000}, true, 35, 11},
		{"4K", sender{size: image.Pt(3840, 2160), rate: 30, bitrate: 10_000_000}, true, 25, 11},
		{"deaf to what we ask", sender{size: hd, rate: 120, bitrate: 3_000_000, keys: 240}, true, 30, 11},
		{"huge sizes in turn", sender{size: full, rate: 60, bitrate: 6_000_000, resize: image.Pt(3840, 2160)}, true, 20, 11},
		{"slow and broken", sender{size: hd, rate: 120, bitrate: 1_000_000, keys: 1, err: errors.New("broken"), takes: 5 * time.Millisecond}, true, 0, 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				m, stats, asked := c.sender.play()
				took := time.Since(start)
				t.Logf("%v of decoding in %v, %d pictures shown, %d key frames asked for, %+v", m.spent, took, m.shown, asked, stats)
				if most := took/5 + 300*time.Millisecond; m.spent > most {
					t.Errorf("it costs %v in %v", m.spent, took)
				}
				if got := 100 * m.shown / (10 * c.sender.rate); got < c.shown {
					t.Errorf("%d %% of the pictures are shown, want %d %%", got, c.shown)
				}
				if (stats.Capped > 0) != c.capped || stats.Lost > 0 || asked > c.asked {
					t.Errorf("%+v, asked for %d key frames", stats, asked)
				}
			})
		})
	}
}

// TestHeadroom has a sender that no request reaches send 1080p at 60 pictures a second, with an
// IDR every two seconds: all are shown while the clocks keep their time, and a fifth of a core is
// left to it when they do not.
func TestHeadroom(t *testing.T) {
	studio := sender{size: image.Pt(1920, 1080), rate: 60, bitrate: 6_000_000, keys: 120}
	const period = time.Second / 30
	for name, c := range map[string]struct {
		clock       func(*headroom.Headroom, time.Time)
		least, most int // pictures of 600 that are shown
	}{
		"clocks keep their time": {func(h *headroom.Headroom, now time.Time) { h.Tick(0, 0, period, now) }, 600, 600},
		"clocks are late":        {func(h *headroom.Headroom, now time.Time) { h.Tick(period, 1, period, now) }, 200, 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				studio.clock = c.clock
				m, stats, _ := studio.play()
				if m.shown < c.least || m.shown > c.most || (stats.Cuts > 0) != (c.most < 600) {
					t.Errorf("%d pictures are shown, %+v", m.shown, stats)
				}
			})
		})
	}
}

// away is a decoder in another process.
type away struct {
	meter
	starts time.Duration // it takes so long to be ready, and is not then
	stalls time.Duration // its process does not run for so long
	stall  func()
}

func (a *away) Ready() error {
	if time.Sleep(a.starts); a.starts > 0 {
		return codec.ErrCorrupt
	}
	return nil
}

func (a *away) OnStall(f func()) { a.stall = f }

func (a *away) Decode(au []byte) (*image.YCbCr, error) {
	if a.stalls > 0 {
		a.stall()
		time.Sleep(a.stalls)
	}
	return a.meter.Decode(au)
}

// TestTurn has the decoder of one camera wait for a process, or for one that does not run. A camera that
// has to take the same turn is decoded meanwhile. The one that waits loses pictures and none of its budget.
func TestTurn(t *testing.T) {
	for name, dec := range map[string]*away{
		"no process":                 {starts: 400 * time.Millisecond},
		"a process that is held":     {stalls: 400 * time.Millisecond},
		"a process that is as usual": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				turns := make(chan struct{}, 1)
				camera := func(dec codec.VideoDecoder) *ingest.Video {
					v := ingest.NewVideo(ingest.VideoConfig{
						Joiner: &payload.H264Joiner{}, Turns: turns, Decoder: dec, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
						Reassembled: unobserved{}, Decoded: unobserved{},
					})
					t.Cleanup(v.Release)
					v.Show(image.Pt(320, 180), nil, time.Now())
					return v
				}
				img := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio420)
				dec.img = img
				slow, other := camera(dec), camera(&meter{img: img})
				push := func(v *ingest.Video, n int) {
					for _, p := range packets(uint16(n), []byte{0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff, 0xff, 0xff}) {
						p.Timestamp = uint32(n * 90_000)
						v.Push(&p, time.Now())
					}
				}
				for n := range 5 {
					began, pushed := time.Now(), make(chan struct{})
					go func() {
						defer close(pushed)
						push(slow, n)
					}()
					synctest.Wait()
					push(other, n)
					if took := time.Since(began); took > 0 || other.Stats().Pictures != uint64(n+1) {
						t.Fatalf("the other camera has %d pictures of %d after %v", other.Stats().Pictures, n+1, took)
					}
					<-pushed
					time.Sleep(time.Second)
				}
				if s := slow.Stats(); s.Capped > 0 || (s.Pictures == 5) != (dec.starts == 0) {
					t.Errorf("what became of the one that waits: %+v", s)
				}
				if len(turns) > 0 {
					t.Error("a turn is held on")
				}
			})
		})
	}
}
