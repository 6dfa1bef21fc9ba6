package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"

	"tilemix/mcu"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

const h264Media = "../../shared/media/h264"

// attack is what a sender does instead of sending a camera.
type attack struct {
	name string
	// run does it for a while.
	run func(g *guest)
	// file is of a recording that is sent instead.
	file string
	// counter is one that must rise, of tilemix_uplink_video_total or, where
	// sound is set, of tilemix_uplink_audio_total.
	counter string
	sound   bool
	// asks: a key frame is asked for.
	asks bool
	// moves: the attacker's own tile may show something else.
	moves bool
}

// offBeat keeps an attack's timestamps apart from those of the camera before it, which may have
// sent one picture only: what has that one's timestamp would go on with it.
const offBeat = 1

var attacks = []attack{
	{name: "random payloads", counter: "lost", asks: true, run: func(g *guest) {
		random := rand.New(rand.NewPCG(1, 1))
		pace(100, func(i int) { g.Video.Write(offBeat+uint32(i)*900, noise(random, 1+random.IntN(1200))) })
	}},
	{name: "random slices", counter: "corrupt", asks: true, run: func(g *guest) {
		random := rand.New(rand.NewPCG(2, 2))
		pace(100, func(i int) {
			nal := noise(random, 800)
			nal[0] = []byte{0x65, 0x41, 0x67, 0x68}[i%4]
			g.Video.Write(offBeat+uint32(i)*3000, nal)
		})
	}},
	{name: "fragments without an end", counter: "lost", asks: true, run: func(g *guest) {
		start, middle := append([]byte{0x7c, 0x85}, make([]byte, 1000)...), append([]byte{0x7c, 0x05}, make([]byte, 1000)...)
		pace(100, func(i int) { g.Video.Write(offBeat+uint32(i)*3000, start, middle, middle) })
	}},
	{name: "one access unit without an end", counter: "lost", asks: true, run: func(g *guest) {
		middle := append([]byte{0x7c, 0x05}, make([]byte, 1000)...)
		many := make([][]byte, 40)
		for i := range many {
			many[i] = middle
		}
		pace(100, func(int) { g.Video.Write(77, many...); g.Video.Skip(1) })
	}},
	{name: "jumping sequence numbers", counter: "lost", asks: true, run: func(g *guest) {
		random := rand.New(rand.NewPCG(3, 3))
		pace(100, func(i int) {
			g.Video.Skip(random.IntN(1 << 16))
			g.Video.Write(random.Uint32(), []byte{0x41, 1, 2, 3})
		})
	}},
	{name: "packets of no or too much payload", counter: "lost", asks: true, run: func(g *guest) {
		pace(100, func(i int) {
			g.Video.Write(offBeat+uint32(i)*3000, nil, []byte{0x41}, make([]byte, 1600), make([]byte, 5000))
		})
	}},
	{name: "access units cut short", counter: "corrupt", asks: true, run: func(g *guest) {
		spoil(g, func(_ bool, payloads [][]byte) [][]byte {
			last := payloads[len(payloads)-1]
			payloads[len(payloads)-1] = last[:len(last)/2]
			return payloads
		})
	}},
	{name: "no IDR", counter: "lost", asks: true, run: func(g *guest) {
		spoil(g, func(key bool, payloads [][]byte) [][]byte {
			if key {
				g.Video.Skip(len(payloads))
				return nil
			}
			return payloads
		})
	}},
	{name: "random Opus", counter: "corrupt", sound: true, run: func(g *guest) {
		random := rand.New(rand.NewPCG(4, 4))
		pace(100, func(i int) { g.Audio.Write(uint32(i)*960, noise(random, 1+random.IntN(1000))) })
	}},
	{name: "jumping Opus", counter: "dropped", sound: true, run: func(g *guest) {
		random := rand.New(rand.NewPCG(5, 5))
		pace(100, func(i int) {
			g.Audio.Skip(random.IntN(1 << 16))
			g.Audio.Write(random.Uint32(), noise(random, 100))
		})
	}},
	{name: "IDR lost", moves: true, file: "broken/BA_MW_D_IDR_LOST.264"},
	{name: "slices missing", moves: true, file: "broken/Error_I_P.264"},
	{name: "no parameter sets", moves: true, file: "broken/membrane_no_sps_pps.h264"},
}

// TestHostile has one of three senders send what no camera does. That sender's tile keeps
// its last picture, dimmed after a while, and the server asks them for a key frame. The
// others notice nothing, and see the sender's camera when it is back.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	good, eye := s.join("hostile", "Good", both), s.join("hostile", "Eye", viewer)
	// Twice as many pictures as the mix has, so that each of its ticks has one.
	good.Film(rtctest.Camera{FrameRate: 2 * s.cfg.FrameRate, Draw: func(img *image.YCbCr, _ time.Duration) {
		green.Paint(img)
	}})
	good.Speak(signal.Tone(700, 0.2))
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			if a.file != "" {
				a.run = playFile(t, a.file)
			}
			evil := s.join("hostile", "Evil", both)
			defer s.leave(evil)
			evil.Speak(signal.Tone(440, 0.2))()
			places := s.place(good, evil)
			sees := func(colour signal.Colour) {
				t.Helper()
				eye.VideoSink.Await("both pictures", func(p rtctest.Picture) error {
					return errors.Join(s.shows(p, places[good], green), s.shows(p, places[evil], colour))
				})
			}
			stop := film(evil, red)
			sees(red)
			stop()
			s.endure(t, a, evil, eye, places[good], places[evil], poll.Lag(t))
			stop = film(evil, blue)
			sees(blue)
			stop()
		})
	}
	checkStreams(t, eye)
	s.checkGapless(eye)
}

// endure watches an attack. Lag says how late timers were.
func (s *stage) endure(t *testing.T, a attack, evil, eye *guest, good, bad image.Rectangle, lag func() time.Duration) {
	t.Helper()
	family := "tilemix_uplink_video_total"
	if a.sound {
		family = "tilemix_uplink_audio_total"
	}
	count := func() float64 {
		if a.counter == "" {
			return 0
		}
		return s.metric(family, a.counter)
	}
	counted, asked := count(), evil.Video.KeyRequests()
	pictures, missed := 0, s.metric("tilemix_missed_ticks_total", "picture")
	var fault error
	start, crowd := time.Now(), poll.Crowd(t)
	forget := eye.VideoSink.Watch(func(p rtctest.Picture) {
		pictures++
		err := s.shows(p, good, green)
		if !a.moves && time.Since(start) < 2500*time.Millisecond && s.shows(p, bad, dimmed(red)) != nil {
			err = errors.Join(err, s.shows(p, bad, red))
		}
		if fault == nil {
			fault = err
		}
	})
	over := make(chan struct{})
	go func() {
		defer close(over)
		a.run(evil)
	}()
	eye.AudioSink.Await("the tone of who does nothing wrong", mixMinus([]float64{700}, -1, 0.2))
	<-over
	took, late, others := time.Since(start), lag(), crowd()
	forget()
	switch {
	case fault == nil:
	case others > poll.Crowded: // a camera that stands still for 1.2 s is dimmed
		t.Logf("not judged: the picture changed while others used %.2f cores: %v", others, fault)
	default:
		t.Errorf("the picture changed: %v", fault)
	}
	due := took.Seconds()*float64(s.cfg.FrameRate) - (s.metric("tilemix_missed_ticks_total", "picture") - missed)
	switch {
	case float64(pictures) >= due*0.6-2: // an attack may last no more than a second
	case late > 20*ms:
		t.Logf("not judged: %d pictures came in %v, not %.0f, with timers %v late (p95)", pictures, took, due, late)
	default:
		t.Errorf("%d pictures came in %v, not %.0f", pictures, took, due)
	}
	if a.counter != "" {
		poll.Until(t, "the counter "+a.counter+" to rise", func() bool { return count() > counted })
	}
	if a.asks {
		poll.Until(t, "a key frame to be asked for", func() bool { return evil.Video.KeyRequests() > asked })
	}
	if n, most := evil.Video.KeyRequests()-asked, int(time.Since(start).Seconds())+2; n > most {
		t.Errorf("%d key frames were asked for in %v", n, took)
	}
}

// pace calls f a hundred times a second.
func pace(times int, f func(i int)) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range times {
		f(i)
		<-tick.C
	}
}

func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// spoil films for a second, and sends what f makes of it.
func spoil(g *guest, f func(key bool, payloads [][]byte) [][]byte) {
	stop := g.Film(rtctest.Camera{
		Spoil: f,
		Draw: func(img *image.YCbCr, at time.Duration) {
			signal.Colour{Y: uint8(at / (10 * time.Millisecond)), Cb: 200, Cr: 30}.Paint(img)
		},
	})
	time.Sleep(1200 * time.Millisecond) // of what is sent
	stop()
}

// playFile sends the first pictures of a recording.
func playFile(t *testing.T, name string) func(g *guest) {
	data, err := os.ReadFile(filepath.Join(h264Media, name))
	if err != nil {
		t.Skipf("the recording is not there: %v", err)
	}
	units := pictures(data)
	return func(g *guest) {
		var payloader codecs.H264Payloader
		pace(min(100, len(units)), func(i int) {
			g.Video.Write(offBeat+uint32(i)*3000, payloader.Payload(1180, units[i])...)
		})
	}
}

// pictures cuts an Annex B stream into access units: a new one begins with the
// first slice of a picture or what comes before it (H.264 §7.4.1.2.3).
func pictures(stream []byte) [][]byte {
	var units [][]byte
	var unit []byte
	slices := false
	for at := 0; at+4 < len(stream); {
		end := at + 3
		for end+3 < len(stream) && (stream[end] != 0 || stream[end+1] != 0 || stream[end+2] != 1) {
			end++
		}
		if end+3 >= len(stream) {
			end = len(stream)
		}
		nal := stream[at:end]
		at = end
		if len(nal) < 5 {
			continue
		}
		kind, first := nal[3]&0x1f, nal[4]&0x80 != 0
		slice := kind >= 1 && kind <= 5
		if slices && (!slice || first) {
			units = append(units, unit)
			unit, slices = nil, false
		}
		unit = append(unit, nal...)
		slices = slices || slice
	}
	return append(units, unit)
}

// TestTwoCameras has a participant send two pictures and declare none: one is taken, the
// other costs nothing, and takes its place when the first one ends. On a busy machine the
// first may pause for long enough to end, so the picture says which one is taken.
func TestTwoCameras(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("two", "Ada", rtctest.Options{Cameras: 2, HideSSRC: true}), s.join("two", "Ben", viewer)
	tile := s.place(a)[a]
	stopRed := film(a, red)
	b.VideoSink.Await("the first", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
	a.Video = a.More[0]
	stopBlue := film(a, blue)
	surplus := func() float64 { return s.metric("tilemix_unbound_packets_total", "stream-surplus") }
	s.await("packets of the second", func() bool { return surplus() > 0 })
	packets := s.metric("tilemix_uplink_video_total", "packets")
	decoded, unbound := s.metric("tilemix_stage_seconds", "decode"), surplus()
	s.await("packets of both", func() bool {
		return s.metric("tilemix_uplink_video_total", "packets") > packets+30 && surplus() > unbound+20
	})
	n := s.metric("tilemix_stage_seconds", "decode") - decoded
	if came := s.metric("tilemix_uplink_video_total", "packets") - packets; n > came+30 { // of the other at least 20 came
		t.Errorf("while %v packets of one came, %v pictures were decoded", came, n)
	}
	stop, other := stopRed, blue
	b.VideoSink.Await("one of them", func(p rtctest.Picture) error {
		if s.shows(p, tile, blue) == nil {
			stop, other = stopBlue, red
			return nil
		}
		return s.shows(p, tile, red)
	})
	stop()
	b.VideoSink.Await("the other", func(p rtctest.Picture) error { return s.shows(p, tile, other) })
	if fmt.Sprint(s.Rooms()) != "[{two 1 1}]" {
		t.Errorf("rooms are %v", s.Rooms())
	}
	checkStreams(t, b)
}

// TestManyTracks has a client send more pictures than it may: an offer that says so is
// refused. Of a client that does not say so the server takes one stream, counts the packets
// of the others, and the room goes on.
func TestManyTracks(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	b := s.join("many", "Ben", both)
	if _, err := s.enter("refused", "Ada", rtctest.Options{Cameras: 3}); !errors.Is(err, mcu.ErrBadSDP) {
		t.Errorf("an offer of three videos: %v", err)
	}
	c := s.join("many", "Cid", rtctest.Options{Cameras: 8, HideSSRC: true})
	s.await("packets of streams that nobody offered", func() bool {
		for _, u := range append(c.More, c.Video) {
			u.Write(0, []byte{0x41, 1, 2, 3})
		}
		return s.metric("tilemix_unbound_packets_total", "stream-surplus") > 100
	})
	select {
	case <-c.p.Done():
		t.Error("the client lost its connection")
	default:
	}
	s.leave(c)
	film(b, red)
	tile := s.place(b)[b]
	b.VideoSink.Await("the room to go on", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
}

// TestManyChannels has a client open data channels without end: the client loses its
// connection, and the room goes on.
func TestManyChannels(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	b := s.join("channels", "Ben", both)
	c := s.join("channels", "Cid", rtctest.Options{Message: func([]byte) {}})
	for gone, n := false, 0; !gone; n++ {
		closed, err := c.OpenChannel(fmt.Sprint("junk", n))
		if n > 4000 {
			t.Fatal("4000 data channels are taken")
		}
		if err != nil { // the client's end has closed
			closed = nil
		}
		select {
		case <-closed:
		case <-c.p.Done():
			gone = true
		case <-time.After(rtctest.Patience):
			t.Fatal("a data channel stays open")
		}
	}
	film(b, red)
	tile := s.place(b)[b]
	b.VideoSink.Await("the room to go on", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
	if s.metric("tilemix_data_channel_rejected_total") < 8 {
		t.Error("no foreign channel was counted")
	}
}
