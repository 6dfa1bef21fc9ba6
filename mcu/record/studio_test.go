package record_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"log/slog"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/media"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mcu/views"
)

func TestMain(m *testing.M) { mcutest.Main(m) }

const frameRate = 30

// studio stands in for the rooms: one room whose clocks the test turns, so that an hour
// takes no hour. Its pictures are numbered.
type studio struct {
	t    *testing.T
	room string

	channels int // of the mix; zero is one

	mu     sync.Mutex
	sinks  map[*seat]bool
	views  []views.Wish      // that sinks wished, in order
	fallen func(view string) // of the newest sink
	told   [][]control.Recording
	over   bool
	tap    media.Tap
	asked  int    // for IDRs, of all cameras
	full   string // a layout that cannot be had

	enc   *h264.Encoder
	voice *opus.Encoder
	img   *image.YCbCr
	at    time.Duration
	shown int // pictures so far
}

type seat struct {
	sink  media.Sink
	begun bool
}

func newStudio(t *testing.T) *studio {
	s := &studio{t: t, room: "studio", sinks: map[*seat]bool{}}
	s.resize(320, 180)
	voice, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	s.voice = voice
	t.Cleanup(func() { _, _ = s.voice.Close(), s.enc.Close() })
	return s
}

// widen has two channels of sound from now on, of which the right one is silent.
func (s *studio) widen() {
	voice, err := opus.NewStereoEncoder(64_000)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = s.voice.Close()
	s.voice, s.channels = voice, 2
}

// resize has pictures of another size follow.
func (s *studio) resize(w, h int) {
	if s.enc != nil {
		_ = s.enc.Close()
	}
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: frameRate, Bitrate: 400_000})
	if err != nil {
		s.t.Fatal(err)
	}
	s.enc, s.img = enc, image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
}

func (s *studio) Room(name string) (*studio, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != s.room || s.over {
		return nil, mcu.ErrNotFound
	}
	return s, nil
}

func (s *studio) AudioChannels() int { return max(1, s.channels) }

// SetView refuses the layout that is full.
func (s *studio) SetView(_ media.Sink, w views.Wish) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.Layout == s.full && s.full != "" {
		return views.ErrLimit
	}
	s.views = append(s.views, w)
	return nil
}

func (s *studio) Attach(sink media.Sink, o media.SinkOptions) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, mcu.ErrClosed
	}
	if o.View.Layout == s.full && s.full != "" {
		return nil, views.ErrLimit
	}
	s.views, s.fallen = append(s.views, o.View), o.Fallen
	k := &seat{sink: sink}
	s.sinks[k] = true
	return func() { go s.detach(k) }, nil
}

func (s *studio) detach(k *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sinks[k] {
		delete(s.sinks, k)
		k.sink.Ended()
	}
}

func (s *studio) Tap(t media.Tap) (func(), error) {
	if s.over {
		return nil, mcu.ErrClosed
	}
	t.Joined("ADA", "Ada", s.at)
	s.tap = t
	return func() {}, nil
}

func (s *studio) AskKeyFrames() { s.asked++ }

func (s *studio) NotifyRecordings(all []control.Recording) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, all)
}

// end ends the room.
func (s *studio) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for k := range s.sinks {
		delete(s.sinks, k)
		k.sink.Ended()
	}
}

// roll lets time pass.
func (s *studio) roll(d time.Duration) {
	s.t.Helper()
	for end := s.at + d; s.at < end; s.at += 20 * time.Millisecond {
		s.sound()
		for s.shown*int(time.Second) < int(s.at+20*time.Millisecond)*frameRate {
			s.picture()
		}
		// The recording keeps pace, as it does with a room.
		time.Sleep(100 * time.Microsecond)
	}
}

func (s *studio) sound() {
	var block pcm.Block
	if s.at%time.Second < 100*time.Millisecond { // a beep each second
		for i := range block {
			block[i] = float32(math.Sin(float64(i)*2*math.Pi/48) * 0.3)
		}
	}
	var packet [1275]byte
	samples := block[:]
	if s.channels == 2 { // the right one is silent
		samples = make([]float32, 2*len(block))
		for i, v := range block {
			samples[2*i] = v
		}
	}
	n, err := s.voice.Encode(packet[:], samples)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sinks {
		k.sink.Audio(packet[:n], s.at)
	}
	clear(packet[:]) // it was valid during the call
}

func (s *studio) picture() {
	barcode.Paint(s.img, s.shown%barcode.Numbers)
	at := time.Duration(s.shown) * time.Second / frameRate
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sinks {
		if !k.begun {
			s.enc.ForceKeyFrame()
		}
	}
	au, err := s.enc.Encode(s.img, at)
	if err != nil {
		s.t.Fatal(err)
	}
	s.shown++
	for k := range s.sinks {
		if k.begun = k.begun || au.Key; k.begun && len(au.Data) > 0 {
			k.sink.Video(au.Data, au.Key, at)
		}
	}
}

// recordable is what a recording needs of its room.
type recordable interface {
	AudioChannels() int
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	SetView(sink media.Sink, w views.Wish) error
	Tap(t media.Tap) (untap func(), err error)
	AskKeyFrames()
	NotifyRecordings(all []control.Recording)
}

// recorder returns a Recorder that runs until the test ends, or until stop.
func recorder[R recordable](t *testing.T, cfg record.Config, rooms interface{ Room(string) (R, error) }) (c *record.Recorder, stop func()) {
	t.Helper()
	c = record.New(cfg, rooms, slog.New(slog.DiscardHandler))
	return c, mcutest.Beside(t, c.Run)
}

// again has another server find what is in a folder.
func again(t *testing.T, cfg record.Config, rooms *studio) []sidecar.Info {
	t.Helper()
	c, stop := recorder(t, cfg, rooms)
	defer stop()
	return c.List("")
}

// in returns a configuration with a folder.
func in(dir string) record.Config {
	cfg := record.Default()
	cfg.Dir, cfg.Cell = dir, mcutest.Cell(slog.New(slog.DiscardHandler))
	return cfg
}

func start(t *testing.T, c *record.Recorder) string {
	t.Helper()
	info, err := c.Start("studio", record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return info.ID
}

// finish stops a recording, which must have gone well.
func finish(t *testing.T, c *record.Recorder, id string) sidecar.Info {
	t.Helper()
	info, err := c.Stop(t.Context(), "studio", id)
	if err != nil {
		t.Fatal(err)
	}
	if info.State != sidecar.Finished || info.Reason != "" {
		t.Fatalf("recording is %s, %s", info.State, info.Reason)
	}
	return info
}

// await waits until a recording is as it is to be.
func await(t *testing.T, c *record.Recorder, id string, ok func(sidecar.Info) bool) sidecar.Info {
	t.Helper()
	return awaitLong(t, c, id, 0, ok)
}

// awaitLong is await for what takes a known time.
func awaitLong(t *testing.T, c *record.Recorder, id string, takes time.Duration, ok func(sidecar.Info) bool) sidecar.Info {
	t.Helper()
	var info sidecar.Info
	poll.Within(t, takes+poll.Patience, "the recording "+id, func() bool {
		var err error
		if info, err = c.Get("", id); err != nil {
			t.Fatal(err)
		}
		return ok(info)
	})
	return info
}

func ended(i sidecar.Info) bool { return i.State.Ended() }

// probe is what FFmpeg finds in a file.
type probe struct {
	Streams []struct {
		Codec string `json:"codec_name"`
		Read  string `json:"nb_read_frames"`
	} `json:"streams"`
	Format struct {
		Duration string `json:"duration"`
		Tags     struct {
			Created string `json:"creation_time"`
			Title   string `json:"title"`
		} `json:"tags"`
	} `json:"format"`
}

func (p probe) frames(codec string) int {
	for _, s := range p.Streams {
		if s.Codec == codec {
			n, _ := strconv.Atoi(s.Read)
			return n
		}
	}
	return 0
}

func (p probe) length() time.Duration {
	s, _ := strconv.ParseFloat(p.Format.Duration, 64)
	return time.Duration(s * float64(time.Second))
}

// look decodes a file with FFmpeg, which must have nothing to say of it.
func look(t *testing.T, path string) probe {
	t.Helper()
	out := run(t, "ffprobe", "-v", "warning", "-count_frames", "-show_streams", "-show_format", "-of", "json", path)
	var p probe
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	// With the file's own time base: pictures come when the clock was there, not 1/30 s apart.
	run(t, "ffmpeg", "-v", "warning", "-xerror", "-i", path, "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-")
	return p
}

// run runs a program of FFmpeg's, which must give no warning.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	tool := codectest.Program(t, name)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %v: %v, %s", name, args, err, stderr.Bytes())
	}
	return out
}

func file(cfg record.Config, id string) string { return filepath.Join(cfg.Dir, id+".mp4") }

// beeps decodes a file's sound and returns when each beep begins.
func beeps(t *testing.T, path string) []time.Duration {
	t.Helper()
	raw := run(t, "ffmpeg", "-v", "warning", "-i", path, "-map", "a", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "48000", "-f", "s16le", "-")
	var found []time.Duration
	quiet := pcm.Rate
	for i := 0; i+1 < len(raw); i += 2 {
		quiet++
		if x := int16(binary.LittleEndian.Uint16(raw[i:])); x > 1600 || x < -1600 {
			if quiet > pcm.Rate/5 {
				found = append(found, time.Duration(i/2)*time.Second/pcm.Rate)
			}
			quiet = 0
		}
	}
	return found
}
