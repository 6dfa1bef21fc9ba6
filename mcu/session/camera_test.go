package session

import (
	"errors"
	"image"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/media"
)

// codecs make decoders that show grey pictures, or none where they are to fail.
type codecs struct {
	fault  error
	made   int
	closed int
}

func (*codecs) NewEncoder(codec.Kind, codec.VideoConfig) (codec.VideoEncoder, error) {
	panic("a session encodes nothing")
}

func (c *codecs) NewDecoder(codec.Kind) (codec.VideoDecoder, error) {
	if c.fault != nil {
		return nil, c.fault
	}
	c.made++
	return &decoder{c}, nil
}

type decoder struct{ of *codecs }

func (*decoder) Decode([]byte) (*image.YCbCr, error) {
	return image.NewYCbCr(image.Rect(0, 0, 64, 32), image.YCbCrSubsampleRatio420), nil
}
func (d *decoder) Close() error { d.of.closed++; return nil }

// film is a track of a camera whose packets a test writes down.
type film struct {
	packets  []rtp.Packet
	kinds    []codec.Kind // of each packet; the last goes on
	next     int
	requests int
	limits   []int
}

func (f *film) Read(p *rtp.Packet) error {
	if f.next >= len(f.packets) {
		return io.EOF
	}
	*p = f.packets[f.next]
	f.next++
	return nil
}

func (f *film) Codec() codec.Kind {
	if f.next == 0 {
		return f.kinds[0]
	}
	return f.kinds[min(f.next, len(f.kinds))-1]
}
func (*film) Reported() (uint64, uint32, bool) { return 0, 0, false }
func (*film) Patience() time.Duration          { return 0 }
func (*film) Busy(time.Time) time.Duration     { return 0 }
func (*film) Level(*rtp.Packet) (uint8, bool)  { return 0, false }
func (*film) Retransmitted() bool              { return false }
func (f *film) RequestKeyFrame()               { f.requests++ }
func (f *film) LimitBitrate(bps int)           { f.limits = append(f.limits, bps) }

// idrs are so many packets, each of them a whole IDR in H.264.
func idrs(n int) (all []rtp.Packet) {
	for i := range n {
		all = append(all, rtp.Packet{
			Header:  rtp.Header{Marker: true, SequenceNumber: uint16(i), Timestamp: uint32(i * 3000)},
			Payload: []byte{0x65, 0x88, 0x84, 0},
		})
	}
	return all
}

// stage is a session with a room that keeps the cameras which it is given.
type stage struct {
	*Session
	host
	codecs  codecs
	cameras []*Cam
	pool    *yuv.Pool

	mu    sync.Mutex // guards what follows, which timers change
	ended []*Cam
}

// over returns how many cameras have ended.
func (st *stage) over() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.ended)
}

func newStage(t *testing.T, o Options, taps ...media.Tap) *stage {
	t.Helper()
	st := &stage{pool: yuv.NewPool(16), host: host{taps: taps}}
	events := st.host.events()
	events.SetCamera = func(c *Cam) {
		c.Show(image.Pt(64, 32), nil, time.Now())
		st.cameras = append(st.cameras, c)
	}
	events.EndCamera = func(c *Cam) {
		c.Release()
		st.mu.Lock()
		defer st.mu.Unlock()
		st.ended = append(st.ended, c)
	}
	o.Injected = true
	s, err := New(o, Env{
		DecodeSlot: make(chan struct{}, 1), Epoch: time.Now(),
		Metrics: NewMetrics(), Ground: st.ground(st.pool, &st.codecs),
	}, events)
	if err != nil {
		t.Fatal(err)
	}
	st.Session = s
	return st
}

// pictures is a tap that counts pictures, and may need a key frame.
type pictures struct {
	media.Tap
	keys, n int
	numbers []uint64
	needs   bool
}

func (p *pictures) Picture(_ string, _ codec.Kind, n uint64, _ []byte, key bool, _ media.Time) bool {
	p.n++
	p.numbers = append(p.numbers, n)
	if key {
		p.keys++
	}
	return p.needs
}

// TestCamera feeds a camera until its track ends: its pictures are decoded, the taps have
// them, and they are counted.
func TestCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &pictures{}, &pictures{}
		st := newStage(t, Options{Name: "Ada"}, one, two)
		f := &film{packets: idrs(6), kinds: []codec.Kind{codec.H264}}
		st.runVideo(f)
		if len(st.cameras) != 1 || st.over() != 1 || st.cameras[0] != st.ended[0] {
			t.Fatalf("%d cameras, %d ended", len(st.cameras), st.over())
		}
		if st.codecs.made != 1 || st.codecs.closed != 1 {
			t.Errorf("%d decoders were made, %d closed", st.codecs.made, st.codecs.closed)
		}
		for _, p := range []*pictures{one, two} {
			if p.n != 6 || p.keys != 6 {
				t.Errorf("a tap has %d pictures, %d of them IDRs", p.n, p.keys)
			}
		}
		if n := st.env.Metrics.video.Total(); n.Packets != 6 || n.Pictures != 6 {
			t.Errorf("counted: %+v", n)
		}
		if st.pool.Live() != 0 {
			t.Errorf("%d pictures are kept", st.pool.Live())
		}
	})
}

// TestCameraChangesCodec has a track go on in another codec: that is another camera.
func TestCameraChangesCodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{Resumable: true})
		kinds := []codec.Kind{codec.H264, codec.H264, codec.VP8, codec.VP8, codec.H264}
		st.runVideo(&film{packets: idrs(5), kinds: kinds})
		if len(st.cameras) != 3 || st.codecs.made != 3 || st.codecs.closed != 3 {
			t.Errorf("%d cameras, %d decoders, %d closed", len(st.cameras), st.codecs.made, st.codecs.closed)
		}
		if st.over() != 2 {
			t.Errorf("%d cameras ended at once, though only the last may be shown on", st.over())
		}
		<-time.After(lastPicture)
		synctest.Wait()
		if st.over() != 3 {
			t.Errorf("%d cameras ended", st.over())
		}
	})
}

// TestLastPicture ends the track of a participant that may come back, and of one that may
// not: the first keeps its camera for a while.
func TestLastPicture(t *testing.T) {
	for _, resumable := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := newStage(t, Options{Resumable: resumable})
			st.runVideo(&film{packets: idrs(2), kinds: []codec.Kind{codec.H264}})
			if kept := st.over() == 0; kept != resumable {
				t.Errorf("resumable %v: the camera is kept: %v", resumable, kept)
			}
			<-time.After(lastPicture - time.Millisecond)
			synctest.Wait()
			if kept := st.over() == 0; kept != resumable {
				t.Errorf("resumable %v, just before the end: the camera is kept: %v", resumable, kept)
			}
			<-time.After(2 * time.Millisecond)
			synctest.Wait()
			if st.over() != 1 {
				t.Errorf("resumable %v: %d cameras ended", resumable, st.over())
			}
		})
	}
}

// TestNoCamera has nothing come of a camera: no decoder, a viewer, a room that ended.
func TestNoCamera(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"no decoder": func(st *stage) { st.codecs.fault = errors.New("no") },
		"viewer":     func(st *stage) { st.Viewer = true },
		"room ended": func(st *stage) { st.host.ended = true },
	} {
		synctest.Test(t, func(t *testing.T) {
			st := newStage(t, Options{})
			change(st)
			f := &film{packets: idrs(2), kinds: []codec.Kind{codec.H264}}
			st.runVideo(f)
			if len(st.cameras) > 0 || f.next > 0 || st.codecs.made != st.codecs.closed {
				t.Errorf("%s: %d cameras, %d packets read, %d of %d decoders closed", name, len(st.cameras), f.next, st.codecs.closed, st.codecs.made)
			}
		})
	}
}

// TestTapNeedsKeyFrame has a tap that needs an IDR: the sender is asked, once a second.
func TestTapNeedsKeyFrame(t *testing.T) {
	for _, needs := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			<-time.After(10 * time.Second)
			st := newStage(t, Options{}, &pictures{}, &pictures{needs: needs}, &pictures{})
			f := &film{packets: idrs(9), kinds: []codec.Kind{codec.H264}}
			st.runVideo(f)
			if (f.requests == 1) != needs || f.requests > 1 {
				t.Errorf("needs %v: %d IDRs were asked for", needs, f.requests)
			}
		})
	}
}

// TestTapPictureAsksAllTaps: each tap has each picture, whichever of them needs an IDR.
func TestTapPictureAsksAllTaps(t *testing.T) {
	for _, needs := range [][]bool{{}, {false}, {true}, {true, false}, {false, true}, {true, true}, {false, false}} {
		var taps []media.Tap
		var all []*pictures
		want := false
		for _, n := range needs {
			p := &pictures{needs: n}
			all, taps, want = append(all, p), append(taps, p), want || n
		}
		st := newStage(t, Options{}, taps...)
		f := &film{packets: idrs(1), kinds: []codec.Kind{codec.H264}}
		st.runVideo(f)
		for i, p := range all {
			if p.n != 1 {
				t.Errorf("%v: tap %d has %d pictures", needs, i, p.n)
			}
		}
	}
}

// TestLimitReachesTrack limits what a sender sends: its track is asked with the next packet.
func TestLimitReachesTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		st.LimitBitrate(300_000)
		f := &film{packets: idrs(5), kinds: []codec.Kind{codec.H264}}
		st.runVideo(f)
		if len(f.limits) != 1 || f.limits[0] != 300_000 {
			t.Errorf("asked for %v", f.limits)
		}
	})
}

// TestInjectedTrack: a source stands in for a track that can be asked for nothing.
func TestInjectedTrack(t *testing.T) {
	st := newStage(t, Options{})
	n := packets(2)
	i := injected{&n, st.Session}
	i.RequestKeyFrame()
	i.LimitBitrate(1)
	if _, ok := i.Level(nil); ok || i.Codec() != codec.H264 || i.Patience() != 0 || i.Busy(time.Now()) != 0 || i.Retransmitted() {
		t.Error("a source says more than it knows")
	}
	var p rtp.Packet
	if err := i.Read(&p); err != nil {
		t.Errorf("the first read: %v", err)
	}
	st.Close()
	if err := i.Read(&p); !errors.Is(err, errLeft) {
		t.Errorf("after the participant left: %v", err)
	}
}

// TestPlayVideo plays a source of pictures, and Close waits for it.
func TestPlayVideo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		s := make(held)
		var over atomic.Bool
		go func() {
			st.PlayVideo(s)
			over.Store(true)
		}()
		synctest.Wait()
		if len(st.cameras) != 1 || over.Load() {
			t.Fatalf("%d cameras", len(st.cameras))
		}
		closed := make(chan struct{})
		go func() {
			st.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for the source")
		default:
		}
		close(s)
		<-closed
	})
}

// held is a source whose Read blocks until it is closed.
type held chan struct{}

func (h held) Read(*rtp.Packet) error         { <-h; return io.EOF }
func (held) Reported() (uint64, uint32, bool) { return 0, 0, false }

// TestAccompany keeps pictures together with a sound, and no longer with none.
func TestAccompany(t *testing.T) {
	h := &host{}
	s := newSession(t, h, Options{})
	n := packets(1)
	s.PlayAudio(&n)
	c := &Cam{}
	if c.Accompany(h.mics[0]); c.sound.Load() != h.mics[0].Voice {
		t.Error("the camera does not know its sound")
	}
	if c.Accompany(nil); c.sound.Load() != nil {
		t.Error("the camera keeps a sound that is gone")
	}
}

// TestMetricsCollect counts what came of cameras and microphones: totals stay after the end.
func TestMetricsCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(st.env.Metrics)
		value := func(name, what string) float64 {
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.GetMetric() {
					if f.GetName() == name && m.GetLabel()[0].GetValue() == what {
						return m.GetCounter().GetValue()
					}
				}
			}
			t.Fatalf("there is no %s of %s", name, what)
			return 0
		}
		for range 2 {
			st.runVideo(&film{packets: idrs(4), kinds: []codec.Kind{codec.H264}})
			n := packets(3)
			st.PlayAudio(&n)
		}
		for _, x := range []struct {
			name, what string
			want       float64
		}{
			{"tilemix_uplink_video_total", "packets", 8},
			{"tilemix_uplink_video_total", "pictures", 8},
			{"tilemix_uplink_video_total", "corrupt", 0},
			{"tilemix_uplink_audio_total", "packets", 6},
			{"tilemix_uplink_audio_total", "late", 0},
		} {
			if got := value(x.name, x.what); got != x.want {
				t.Errorf("%s %s is %v, not %v", x.name, x.what, got, x.want)
			}
		}
	})
}

// TestParse reads messages of a data channel: commands, what is none, and no more a second
// than a client may send.
func TestParse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t, Options{})
		var commands []control.Message
		var rejected []error
		st.Session.events.Command = func(m control.Message) { commands = append(commands, m) }
		st.Session.events.Rejected = func(err error) { rejected = append(rejected, err) }
		data, err := control.Encode(control.SendChat{Text: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		st.parse(data)
		st.parse([]byte("{"))
		if len(commands) != 1 || commands[0] != (control.SendChat{Text: "hello"}) || len(rejected) != 1 {
			t.Errorf("%d commands, %d rejected", len(commands), len(rejected))
		}
		began := time.Now()
		for range controlBurst + 2*controlRate {
			st.parse(data)
		}
		if took := time.Since(began); took < 2*time.Second || took > 3*time.Second {
			t.Errorf("%d messages took %v", controlBurst+2*controlRate, took)
		}
		st.Close()
		before := len(commands)
		for range controlBurst {
			st.parse(data)
		}
		if len(commands) > before {
			t.Error("a participant that left commands")
		}
	})
}
