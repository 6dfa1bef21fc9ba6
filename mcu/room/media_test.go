package room

import (
	"errors"
	"image"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
)

// codecs stand in for real ones: an access unit is a few bytes, a picture is grey.
type codecs struct{}

func (codecs) NewEncoder(codec.Kind, codec.VideoConfig) (codec.VideoEncoder, error) {
	return &encoder{key: true}, nil
}

func (codecs) NewDecoder(codec.Kind) (codec.VideoDecoder, error) { return decoder{}, nil }

type encoder struct{ key bool }

func (e *encoder) Encode(*image.YCbCr, time.Duration) (codec.AccessUnit, error) {
	au := codec.AccessUnit{Data: []byte{0, 0, 1, 0x65, 1}, Key: e.key}
	e.key = false
	return au, nil
}
func (e *encoder) ForceKeyFrame() { e.key = true }
func (*encoder) Close() error     { return nil }

type decoder struct{}

func (decoder) Decode([]byte) (*image.YCbCr, error) {
	return image.NewYCbCr(image.Rect(0, 0, 640, 360), image.YCbCrSubsampleRatio420), nil
}
func (decoder) Close() error { return nil }

// stream is a source that reads what a test sends to it, until it is closed.
type stream chan rtp.Packet

func (s stream) Read(p *rtp.Packet) (err error) {
	packet, ok := <-s
	if !ok {
		return io.EOF
	}
	*p = packet
	return nil
}
func (stream) Reported() (uint64, uint32, bool) { return 0, 0, false }

// idr is the packet of a whole IDR, the n-th picture of its stream.
func idr(n int) rtp.Packet {
	return rtp.Packet{
		Header:  rtp.Header{Marker: true, SequenceNumber: uint16(n), Timestamp: uint32(n * 3000)},
		Payload: []byte{0x65, 0x88, 0x84, 0},
	}
}

// voice is the n-th packet of a sound.
func voice(n int) rtp.Packet {
	return rtp.Packet{
		Header:  rtp.Header{SequenceNumber: uint16(n), Timestamp: uint32(n * 960)},
		Payload: []byte{0xfc, 0xff, 0xfe},
	}
}

// plays has a guest play a source until it ends.
func (c *call) plays(play func(media.Source)) (s stream, played *sync.WaitGroup) {
	s, played = make(stream), &sync.WaitGroup{}
	played.Go(func() { play(s) })
	c.settle()
	return s, played
}

// TestCamera plays a camera: it is in the scene for as long as its stream lasts.
func TestCamera(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		s, played := c.plays(ada.PlayVideo)
		if now := c.Scene(); now.Sources[0].Camera == nil || now.Sources[0].Off || now.Members[0].CameraOff || !now.HasCameras() {
			t.Errorf("Ada's camera is not in the scene: %+v", now.Sources[0])
		}
		if p, _ := last[control.Participants](ben); p.Participants[0].VideoMuted || !p.Participants[1].VideoMuted {
			t.Errorf("Ben was told %+v", p)
		}
		ada.Handle(control.Mute{VideoMuted: true})
		c.settle()
		if now := c.Scene(); !now.Sources[0].Off || now.Sources[0].Camera == nil {
			t.Error("a camera that is switched off is shown, or gone")
		}
		close(s)
		played.Wait()
		c.settle()
		if now := c.Scene(); now.Sources[0].Camera != nil || now.HasCameras() {
			t.Error("a camera whose stream ended is in the scene")
		}
	})
}

// TestCameraReplaced plays another camera: the first has departed, once, and its end takes
// nothing away.
func TestCameraReplaced(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		cursor := c.chain.Cursor()
		first, one := c.plays(ada.PlayVideo)
		camera := c.Scene().Sources[0].Camera
		second, two := c.plays(ada.PlayVideo)
		newer := c.Scene().Sources[0].Camera
		close(first)
		one.Wait()
		c.settle()
		if c.Scene().Sources[0].Camera != newer || newer == camera {
			t.Error("the newer camera went with the older")
		}
		close(second)
		two.Wait()
		c.settle()
		var departed []media.Camera
		for cursor.Next() {
			for _, d := range cursor.Scene().Departed {
				departed = append(departed, d.Camera)
			}
		}
		if !slices.Equal(departed, []media.Camera{camera, newer}) {
			t.Errorf("%d cameras departed", len(departed))
		}
	})
}

// TestLeaveWithMedia leaves with a camera and a microphone: both depart in the scene that says
// that the participant left, and their goroutines end.
func TestLeaveWithMedia(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		cursor := c.chain.Cursor()
		picture, one := c.plays(ada.PlayVideo)
		sound, two := c.plays(ada.PlayAudio)
		if c.Scene().Members[0].NoMicrophone || c.Scene().Listeners[0].Microphone == nil {
			t.Error("the microphone is not in the scene")
		}
		ada.Leave()
		c.settle()
		close(picture)
		close(sound)
		one.Wait()
		two.Wait()
		<-ada.Done()
		var with []scene.Departed
		for cursor.Next() {
			with = append(with, cursor.Scene().Departed...)
		}
		if len(with) != 1 || !with[0].Left || with[0].Camera == nil || with[0].Microphone == nil {
			t.Errorf("departed: %+v", with)
		}
		if n := c.Frames(); n != 0 {
			t.Errorf("%d pictures are kept", n)
		}
	})
}

// TestTooLate plays media for a participant that left: its camera and its microphone are
// released, as no clock has them.
func TestTooLate(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		s, played := c.plays(ada.PlayAudio)
		mic := ada.member.microphone
		v, shown := c.plays(ada.PlayVideo)
		cam := ada.member.camera
		ada.Leave()
		c.settle()
		before := c.Scene()
		c.call(func() {
			c.loop.setMicrophone(ada.member, mic)
			c.loop.setMicrophone(ada.member, nil)
			c.loop.setCamera(ada.member, cam)
			c.loop.setCamera(ada.member, nil)
		})
		if c.Scene() != before {
			t.Error("a participant that left changed the scene")
		}
		close(s)
		close(v)
		played.Wait()
		shown.Wait()
	})
}

// tally is what a recorder was given.
type tally struct {
	first          bool // the first picture was an IDR
	pictures, keys int
	packets, ended int
	late           int // what came after the end
}

// recorder is a sink that counts what it was given.
type recorder struct {
	mu sync.Mutex
	tally
}

func (r *recorder) got() tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally
}

func (r *recorder) Video(_ []byte, key bool, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pictures++; r.pictures == 1 {
		r.first = key
	}
	if key {
		r.keys++
	}
	r.late += r.ended
}

func (r *recorder) Audio([]byte, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets++
	r.late += r.ended
}

func (r *recorder) Ended() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
}

// TestSinks attaches two sinks to a room without a viewer: both have picture and sound until
// each is detached.
func TestSinks(t *testing.T) {
	in(t, 25, func(c *call) {
		c.join("Ada", false)
		one, two := &recorder{}, &recorder{}
		off, err := c.Handle().Attach(one, media.SinkOptions{})
		other, err2 := c.Handle().Attach(two, media.SinkOptions{KeyInterval: time.Second, PictureInterval: 100 * time.Millisecond})
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		c.pass(5 * time.Second)
		for name, r := range map[string]*recorder{"one": one, "two": two} {
			if got := r.got(); !got.first || got.pictures < 25 || got.keys < 4 || got.packets < 200 || got.packets > 255 || got.ended > 0 {
				t.Errorf("%s in 5 s: %+v", name, got)
			}
		}
		off()
		off() // does nothing
		c.settle()
		before := two.got().packets
		c.pass(time.Second)
		if one, two := one.got(), two.got(); one.ended != 1 || one.late > 0 || two.ended != 0 || two.packets < before+45 {
			t.Errorf("after the first was detached: %+v, %+v", one, two)
		}
		other()
		c.settle()
		if two := two.got(); two.ended != 1 || two.late > 0 {
			t.Errorf("after the second was detached: %+v", two)
		}
	})
}

// TestSinkEndsWithRoom has the room end under a sink.
func TestSinkEndsWithRoom(t *testing.T) {
	r := &recorder{}
	in(t, 25, func(c *call) {
		if _, err := c.Handle().Attach(r, media.SinkOptions{}); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Second)
	})
	if got := r.got(); got.ended != 1 || got.late > 0 || got.pictures == 0 {
		t.Errorf("%+v", got)
	}
}

// listenerTap is a tap that counts what participants send.
type listenerTap struct {
	people
	mu       sync.Mutex
	pictures map[string]int
	sounds   map[string]int
	wants    bool // it needs a key frame
}

func newTap() *listenerTap {
	return &listenerTap{pictures: make(map[string]int), sounds: make(map[string]int)}
}

func (l *listenerTap) Sound(id string, _ []byte, _ media.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sounds[id]++
}

func (l *listenerTap) Picture(id string, _ codec.Kind, _ uint64, _ []byte, _ bool, _ media.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pictures[id]++
	return l.wants
}

// TestTapTakesMedia taps a room: the tap has what each participant sends, whether it is seen
// or not, until it is taken away.
func TestTapTakesMedia(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		picture, one := c.plays(ada.PlayVideo)
		sound, two := c.plays(ben.PlayAudio)
		tap := newTap()
		untap, err := c.Handle().Tap(tap)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			picture <- idr(n)
			sound <- voice(n)
			c.pass(20 * time.Millisecond)
		}
		untap()
		c.settle()
		picture <- idr(5)
		sound <- voice(5)
		close(picture)
		close(sound)
		one.Wait()
		two.Wait()
		if a, b := ada.session.PublicID(), ben.session.PublicID(); tap.pictures[a] != 5 || tap.sounds[b] != 5 || len(tap.pictures) != 1 || len(tap.sounds) != 1 {
			t.Errorf("the tap has pictures %v, sounds %v", tap.pictures, tap.sounds)
		}
		if !slices.Equal(tap.got, []string{"+Ada", "+Ben"}) {
			t.Errorf("the tap was told %v", tap.got)
		}
	})
}

// TestHiddenCameraIsNotDecoded has two cameras and one tile: what has none is not decoded.
func TestHiddenCameraIsNotDecoded(t *testing.T) {
	in(t, 1, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		if _, err := c.Handle().Attach(&recorder{}, media.SinkOptions{}); err != nil {
			t.Fatal(err)
		}
		a, one := c.plays(ada.PlayVideo)
		b, two := c.plays(ben.PlayVideo)
		for n := range 10 {
			a <- idr(n)
			b <- idr(n)
			c.pass(33 * time.Millisecond)
		}
		seen, hidden := ada.member, ben.member
		if c.Scene().Views[0].Places[0].Rect.Empty() {
			seen, hidden = hidden, seen
		}
		if n := seen.camera.Stats().Pictures; n != 10 {
			t.Errorf("%d pictures of the camera that is seen were decoded", n)
		}
		if n := hidden.camera.Stats().Pictures; n != 0 {
			t.Errorf("%d pictures of the hidden camera were decoded", n)
		}
		close(a)
		close(b)
		one.Wait()
		two.Wait()
	})
}

// TestAskKeyFrames asks all cameras that are on, once a second at most.
func TestAskKeyFrames(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		c.join("Ben", false) // has no camera
		s, played := c.plays(ada.PlayVideo)
		cam := ada.member.camera
		c.pass(2 * time.Second)
		before := cam.Stats().KeyRequests
		c.Handle().AskKeyFrames()
		c.Handle().AskKeyFrames()
		c.settle()
		if n := cam.Stats().KeyRequests - before; n != 1 {
			t.Errorf("%d IDRs were asked for", n)
		}
		close(s)
		played.Wait()
	})
}

// TestUplink asks senders for what their tiles need: nothing while nobody watches, and less
// when there are more tiles.
func TestUplink(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		c.pass(2 * time.Second)
		if u, n := last[control.Uplink](ada); n == 0 || u.Active {
			t.Errorf("in a room that nobody watches: %+v, %d messages", u, n)
		}
		off, err := c.Handle().Attach(&recorder{}, media.SinkOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c.pass(3 * time.Second)
		alone, _ := last[control.Uplink](ada)
		if !alone.Active || alone.Width != 640 || alone.Height != 360 || alone.MaxFramerate != 30 || alone.MaxBitrate == 0 {
			t.Errorf("alone: %+v", alone)
		}
		for _, name := range []string{"Ben", "Cid", "Dan"} {
			c.join(name, false)
		}
		c.pass(5 * time.Second)
		if u, _ := last[control.Uplink](ada); !u.Active || u.Width > 320 || u.MaxBitrate >= alone.MaxBitrate {
			t.Errorf("with three others: %+v", u)
		}
		off()
		c.pass(5 * time.Second)
		if u, _ := last[control.Uplink](ada); u.Active {
			t.Errorf("after the last sink: %+v", u)
		}
	})
}

// TestStageTable places participants by layout and floor.
func TestStageTable(t *testing.T) {
	for _, x := range []struct {
		layout string
		tiles  int
		holder string
		seen   int    // of four
		large  string // has the largest tile
	}{
		{"grid", 25, "", 4, ""},
		{"grid", 2, "", 2, ""},
		{"speaker", 25, "c", 4, "c"},
		{"speaker", 25, "b", 4, "b"},
		{"speaker", 2, "d", 2, "d"},
		{"heap", 25, "", 4, "a"}, // one that was taken away: the grid
	} {
		g := stage{layouts: layout.ByName, size: image.Pt(640, 360), layout: x.layout, places: layout.NewPlaces(x.tiles)}
		if x.holder != "" {
			g.speaking, g.holder = []string{x.holder}, x.holder
		}
		tiles := g.tiles(&scene.View{Size: g.size}, g.places, []string{"a", "b", "c", "d"}, nil)
		large, area := "", 0
		for _, tile := range tiles {
			if n := tile.Rect.Dx() * tile.Rect.Dy(); n > area {
				large, area = tile.Source.Participant, n
			}
		}
		if len(tiles) != x.seen || x.large != "" && large != x.large {
			t.Errorf("%s, %d tiles, floor %q: %d are seen, %q is large", x.layout, x.tiles, x.holder, len(tiles), large)
		}
	}
	g := stage{layouts: layout.ByName, layout: "grid"}
	if g.setLayout("heap") || g.layout != "grid" || !g.setLayout("speaker") || g.layout != "speaker" {
		t.Errorf("the layout is %q", g.layout)
	}
}
