package mp4_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/mp4"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	frame = time.Second / 30
	keyIn = 45 // pictures from one key frame to the next
)

// take is what a test records: pictures and sound of some length, that begin
// at any instant of the clock and of which some are left out.
type take struct {
	length    time.Duration
	start     time.Duration // of the picture
	lead      time.Duration // of the sound before the picture
	noPicture func(at time.Duration) bool
	noSound   func(at time.Duration) bool
	width     func(at time.Duration) int
}

// pictures hands the take's access units over.
func (k take) pictures(t testing.TB, write func(au codec.AccessUnit, at time.Duration)) {
	t.Helper()
	var enc *h264.Encoder
	width := 0
	for i := range int(k.length / frame) {
		at := time.Duration(i) * time.Second / 30
		want := 320
		if k.width != nil {
			want = k.width(at)
		}
		if want != width {
			if enc != nil {
				_ = enc.Close()
			}
			var err error
			enc, err = h264.NewEncoder(codec.VideoConfig{Width: want, Height: 180, FrameRate: 30, Bitrate: 300_000})
			if err != nil {
				t.Fatal(err)
			}
			width = want
		}
		if i%keyIn == 0 {
			enc.ForceKeyFrame()
		}
		if i%keyIn != 0 && k.noPicture != nil && k.noPicture(at) {
			continue
		}
		au, err := enc.Encode(codectest.Picture(width, 180, i), at)
		if err != nil {
			t.Fatal(err)
		}
		if len(au.Data) > 0 {
			write(au, at)
		}
	}
	_ = enc.Close()
}

// record writes the take, in the order of time, and closes the file.
func (k take) record(t testing.TB, out io.Writer, cfg mp4.Config) *mp4.Writer {
	t.Helper()
	w := mp4.NewWriter(out, cfg)
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	voice := codectest.Voice(50)
	packet := make([]byte, 1275)
	heard := -k.lead
	sound := func(until time.Duration) {
		for ; cfg.Audio && heard < until; heard += pcm.Duration {
			block := int((heard+k.lead)/pcm.Duration) % 50
			n, err := enc.Encode(packet, voice[block*pcm.Samples:][:pcm.Samples])
			if err != nil {
				t.Fatal(err)
			}
			if k.noSound != nil && k.noSound(heard) {
				continue
			}
			if err := w.WriteAudio(packet[:n], k.start+heard); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cfg.Video {
		k.pictures(t, func(au codec.AccessUnit, at time.Duration) {
			sound(at)
			if err := w.WriteVideo(au.Data, k.start+at, frame, au.Key); err != nil {
				t.Fatal(err)
			}
		})
	}
	sound(k.length)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestBoxes looks at a file's boxes as mp4ff reads them.
func TestBoxes(t *testing.T) {
	var out bytes.Buffer
	w := take{length: 5 * time.Second, start: time.Hour, lead: time.Second}.record(t, &out, mp4.Default())
	if int(w.Size()) != out.Len() {
		t.Errorf("Size is %d, and %d bytes were written", w.Size(), out.Len())
	}
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	video, audio := file.Init.Moov.Traks[0], file.Init.Moov.Traks[1]
	if got := video.Tkhd.Width >> 16; got != 320 {
		t.Errorf("picture is %d wide", got)
	}
	avcC := video.Mdia.Minf.Stbl.Stsd.AvcX.AvcC
	if len(avcC.SPSnalus) != 1 || len(avcC.PPSnalus) != 1 || avcC.SPSnalus[0][0] != 0x67 {
		t.Error("avcC lacks the parameter sets")
	}
	if d := audio.Mdia.Minf.Stbl.Stsd.Children[0].(*boxes.AudioSampleEntryBox).Dops; d == nil || d.OutputChannelCount != 1 {
		t.Errorf("dOps is %+v", d)
	}
	frames, blocks := int64(0), int64(0)
	nextVideo, nextAudio := uint64(0), uint64(0)
	for _, f := range fragments(file) {
		samples := f.Moof.Trafs[0].Trun.Samples
		for i, s := range samples {
			if s.IsSync() != (frames%keyIn == 0) {
				t.Errorf("sample %d: key frame is %v", frames, s.IsSync())
			}
			if s.IsSync() && i != 0 {
				t.Errorf("key frame %d is not the first of its fragment", frames)
			}
			frames++
		}
		nextVideo = follows(t, f.Moof.Trafs[0], nextVideo)
		nextAudio = follows(t, f.Moof.Trafs[1], nextAudio)
		blocks += int64(len(f.Moof.Trafs[1].Trun.Samples))
	}
	if frames != 150 || nextVideo != 5*90_000 {
		t.Errorf("%d pictures, %d ticks", frames, nextVideo)
	}
	// What was heard before the first picture is not in the file.
	if blocks != 250 || nextAudio != 5*48_000 {
		t.Errorf("%d packets, %d samples", blocks, nextAudio)
	}
	index := file.Mfra.Tfra.Entries
	if len(index) != 4 {
		t.Fatalf("index has %d entries", len(index))
	}
	for i, e := range index {
		if e.Time != uint64(i*keyIn*3000) || string(out.Bytes()[e.MoofOffset+4:][:4]) != "moof" {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

func fragments(file *boxes.File) (all []*boxes.Fragment) {
	for _, s := range file.Segments {
		all = append(all, s.Fragments...)
	}
	return all
}

// follows holds a fragment's samples to begin where those before it ended, and
// returns where they end.
func follows(t *testing.T, traf *boxes.TrafBox, at uint64) uint64 {
	t.Helper()
	if got := traf.Tfdt.BaseMediaDecodeTime(); got != at {
		t.Errorf("track %d: fragment begins at %d, not %d", traf.Tfhd.TrackID, got, at)
	}
	for _, s := range traf.Trun.Samples {
		at += uint64(s.Dur)
	}
	return at
}

// TestIndexOfSound is of a file without a picture.
func TestIndexOfSound(t *testing.T) {
	var out bytes.Buffer
	cfg := mp4.Default()
	cfg.Video = false
	take{length: 3 * time.Second}.record(t, &out, cfg)
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(file.Mfra.Tfra.Entries); n != 3 || len(file.Init.Moov.Traks) != 1 {
		t.Errorf("%d fragments are indexed, the file has %d tracks", n, len(file.Init.Moov.Traks))
	}
}

// TestFills has packets of sound missing: those of a short gap are made up, a
// long one stays.
func TestFills(t *testing.T) {
	var out bytes.Buffer
	cfg := mp4.Default()
	cfg.Video = false
	take{length: 6 * time.Second, noSound: func(at time.Duration) bool {
		return at >= time.Second && at < 1200*time.Millisecond || at >= 3*time.Second && at < 5*time.Second
	}}.record(t, &out, cfg)
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	made, end := 0, uint64(0)
	for _, f := range fragments(file) {
		end = f.Moof.Trafs[0].Tfdt.BaseMediaDecodeTime()
		for _, s := range f.Moof.Trafs[0].Trun.Samples {
			end += uint64(s.Dur)
			if s.Size == 2 {
				made++
			}
		}
	}
	if made != 10 || end != 6*48_000 {
		t.Errorf("%d packets were made up; the sound ends at %d", made, end)
	}
}

var errFull = errors.New("disk full")

// disk is full after so many writes.
type disk struct {
	bytes.Buffer
	left int
}

func (d *disk) Write(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		n, _ := d.Buffer.Write(p[:len(p)/2])
		return n, errFull
	}
	return d.Buffer.Write(p)
}

// TestDiskFull expects nothing to follow what could not be written, and Size to say
// where the whole fragments end.
func TestDiskFull(t *testing.T) {
	out := &disk{left: 2}
	w := mp4.NewWriter(out, mp4.Default())
	var failed error
	take{length: 6 * time.Second}.pictures(t, func(au codec.AccessUnit, at time.Duration) {
		if err := w.WriteVideo(au.Data, at, frame, au.Key); err != nil {
			failed = err
		}
	})
	size := out.Len()
	if !errors.Is(failed, errFull) || !errors.Is(w.Close(), errFull) || out.Len() != size {
		t.Fatalf("error is %v, close is %v, and %d bytes followed", failed, w.Close(), out.Len()-size)
	}
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()[:w.Size()]))
	if err != nil || len(fragments(file)) != 2 {
		t.Errorf("what is left: %v", err)
	}
}

// TestNothing expects no file of nothing, of pictures before a key frame, or of
// sound before a picture.
func TestNothing(t *testing.T) {
	var out bytes.Buffer
	w := mp4.NewWriter(&out, mp4.Default())
	delta := []byte{0, 0, 0, 1, 0x41, 1, 2, 3}
	err := errors.Join(w.WriteVideo(delta, 0, frame, false), w.WriteVideo(delta, frame, frame, true),
		w.WriteAudio([]byte{0x78, 1}, 0), w.Close(), w.Close())
	if err != nil || out.Len() != 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
	if err := w.WriteAudio([]byte{0x78, 1}, 0); !errors.Is(err, mp4.ErrClosed) {
		t.Errorf("writing after Close: %v", err)
	}
}

// TestAllocs bounds what a fragment allocates: the boxes that mp4ff builds, at most 50
// allocations. A fragment here has 30 pictures and 30 packets, so one allocation for each of
// them is over the bound.
func TestAllocs(t *testing.T) {
	const fragments, each = 10, 50
	w := mp4.NewWriter(io.Discard, mp4.Default())
	var units []codec.AccessUnit
	take{length: 3 * time.Second}.pictures(t, func(au codec.AccessUnit, _ time.Duration) {
		units = append(units, codec.AccessUnit{Data: bytes.Clone(au.Data), Key: au.Key})
	})
	n := 0
	packet := make([]byte, 80)
	packet[0] = 0x78
	write := func() {
		for range 300 {
			at := time.Duration(n) * frame
			au := units[n%len(units)]
			if w.WriteVideo(au.Data, at, frame, au.Key) != nil || w.WriteAudio(packet, at) != nil {
				t.Fatal("cannot write")
			}
			n++
		}
	}
	write()
	if got := testing.AllocsPerRun(10, write); got > fragments*each {
		t.Errorf("%v allocations in %d fragments", got, fragments)
	}
}
