package mp4_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/mp4"
)

// resized is a take of three sizes, a second each, that come again.
func resized(length time.Duration) take {
	return take{length: length, width: func(at time.Duration) int { return []int{240, 320, 160}[at/time.Second%3] }}
}

// onDisk records a take into a file whose beginning can be written anew.
func onDisk(t *testing.T, k take) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "take.mp4")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cfg := mp4.Default()
	cfg.Header = file
	k.record(t, file, cfg)
	return path
}

// headerPlayer plays a file as players do that read nothing but sample entries: it throws the parameter
// sets of the stream away. It returns the sizes of all pictures, and what their sample entries say.
func headerPlayer(t *testing.T, data []byte) (pictures, entries []image.Point) {
	t.Helper()
	file, err := boxes.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	all := file.Init.Moov.Traks[0].Mdia.Minf.Stbl.Stsd.Children
	for _, f := range fragments(file) {
		traf := f.Moof.Trafs[0]
		n := 1
		if traf.Tfhd.HasSampleDescriptionIndex() {
			n = int(traf.Tfhd.SampleDescriptionIndex)
		}
		if n > len(all) {
			t.Fatalf("a fragment has sample entry %d of %d", n, len(all))
		}
		entry := all[n-1].(*boxes.VisualSampleEntryBox)
		samples, err := f.GetFullSamples(&boxes.TrexBox{TrackID: traf.Tfhd.TrackID})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range samples[:len(traf.Trun.Samples)] {
			au := annexB(s.Data)
			if i == 0 {
				au = bytes.Join([][]byte{nil, entry.AvcC.SPSnalus[0], entry.AvcC.PPSnalus[0]}, []byte{0, 0, 0, 1})
				au = append(au, annexB(s.Data)...)
			}
			img, err := dec.Decode(au)
			if err != nil {
				t.Fatalf("sample entry %d: %v", n, err)
			}
			if img == nil {
				continue
			}
			pictures = append(pictures, img.Rect.Size())
			entries = append(entries, image.Pt(int(entry.Width), int(entry.Height)))
		}
	}
	return pictures, entries
}

// annexB makes an access unit of a sample, without its parameter sets.
func annexB(sample []byte) (au []byte) {
	for len(sample) > 4 {
		n := binary.BigEndian.Uint32(sample)
		nal := sample[4:][:n]
		sample = sample[4+n:]
		if kind := nal[0] & 0x1f; kind != 7 && kind != 8 {
			au = append(append(au, 0, 0, 0, 1), nal...)
		}
	}
	return au
}

// TestNewSizes has pictures change their size, which players of each kind show as they are.
func TestNewSizes(t *testing.T) {
	path := onDisk(t, resized(7*time.Second))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pictures, entries := headerPlayer(t, data)
	if len(pictures) < 205 {
		t.Errorf("%d pictures", len(pictures))
	}
	sizes := map[image.Point]int{}
	for i := range pictures {
		sizes[pictures[i]]++
		if pictures[i] != entries[i] {
			t.Fatalf("picture %d is %v, and its sample entry says %v", i, pictures[i], entries[i])
		}
	}
	if len(sizes) != 3 {
		t.Errorf("sizes are %v", sizes)
	}
	file, err := boxes.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	trak := file.Init.Moov.Traks[0]
	if n := len(trak.Mdia.Minf.Stbl.Stsd.Children); n != 3 || trak.Tkhd.Width>>16 != 320 {
		t.Errorf("%d sample entries, and the track is %d wide", n, trak.Tkhd.Width>>16)
	}
	if n := len(file.Mfra.Tfra.Entries); n != len(fragments(file)) {
		t.Errorf("%d of %d fragments are indexed", n, len(fragments(file)))
	}
	if p := look(t, data); p.frames(0) != 210 || p.frames(1) != 350 {
		t.Errorf("FFmpeg reads %+v", p.Streams)
	}
}

// TestNewSizesCutOff has the process end before the file is whole. The next one repairs it.
func TestNewSizesCutOff(t *testing.T) {
	path := onDisk(t, resized(6*time.Second))
	whole, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, whole.Size()*2/3); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, length, err := mp4.Repair(f); err != nil || length < 2*time.Second {
		t.Fatalf("%v are left: %v", length, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pictures, entries := headerPlayer(t, data)
	for i := range pictures {
		if pictures[i] != entries[i] {
			t.Fatalf("picture %d is %v, and its sample entry says %v", i, pictures[i], entries[i])
		}
	}
	look(t, data)
}

// TestManySets has more parameter sets come than the file's beginning has room for. The stream keeps
// them, and the file can be parsed.
func TestManySets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "many.mp4")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := mp4.NewWriter(file, mp4.Config{Video: true, Header: file})
	for i := range 300 {
		au := []byte{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x28, 0x0b, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80 | byte(i>>4), 1 + byte(i&15), 0, 0, 0, 1, 0x65, 0x88}
		if err := w.WriteVideo(au, time.Duration(i)*frame, frame, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := boxes.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(parsed.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd.Children); n < 16 || n > 64 {
		t.Errorf("%d sample entries", n)
	}
	if n := len(fragments(parsed)); n != 300 {
		t.Errorf("%d fragments", n)
	}
}

// stuck is a file whose beginning cannot be written anew.
type stuck struct{}

func (stuck) WriteAt([]byte, int64) (int, error) { return 0, errFull }

// TestBeginningFails expects the error of a beginning that cannot be written, and whole fragments.
func TestBeginningFails(t *testing.T) {
	var out bytes.Buffer
	cfg := mp4.Config{Video: true, Header: stuck{}}
	w := mp4.NewWriter(&out, cfg)
	for i := range 3 {
		set := fmt.Sprintf("\x00\x00\x00\x01\x67\x42\xc0\x1e\x95\xa0\x28\x0b\x60\x00\x00\x00\x01\x68\xce\x3c%c", rune(0x40+i))
		_ = w.WriteVideo([]byte(set+"\x00\x00\x00\x01\x65\x88"), time.Duration(i)*time.Second, frame, true)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("error is %v", err)
	}
	file, err := boxes.DecodeFile(bytes.NewReader(out.Bytes()[:w.Size()]))
	if err != nil || len(fragments(file)) != 1 {
		t.Errorf("what is left: %v", err)
	}
}
