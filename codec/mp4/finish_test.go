package mp4_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/mp4"
)

// journal remembers what is written to the beginning of a file.
type journal struct {
	*os.File
	fresh  []byte // the beginning, when the file was new
	writes []write
}

func (j *journal) Write(b []byte) (int, error) {
	if j.fresh == nil {
		j.fresh = bytes.Clone(b[:bytes.Index(b, []byte("moof"))-4])
	}
	return j.File.Write(b)
}

type write struct {
	at   int64
	data []byte
	size int64 // of the file, before
}

func (j *journal) WriteAt(b []byte, at int64) (int, error) {
	stat, err := j.Stat()
	if err != nil {
		return 0, err
	}
	j.writes = append(j.writes, write{at, bytes.Clone(b), stat.Size()})
	return j.File.WriteAt(b, at)
}

// begun is when the files of these tests were begun.
var begun = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// journalled records a take, and returns the file and what its beginning went through.
func journalled(t *testing.T, k take, cfg mp4.Config) (data []byte, j *journal) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	j = &journal{File: file}
	cfg.Header, cfg.Created, cfg.Title = j, begun, "Küche"
	k.record(t, j, cfg)
	if data, err = os.ReadFile(file.Name()); err != nil {
		t.Fatal(err)
	}
	return data, j
}

// TestFinished reads what the beginning of a whole file says of its length and its fragments.
func TestFinished(t *testing.T) {
	data, _ := journalled(t, resized(5*time.Second), mp4.Default())
	file, err := boxes.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	finished(t, file.Moov, 5*time.Second, 312)
	if at := file.Moov.Mvhd.CreationTime; int64(at)-boxes.EpochDiffS != begun.Unix() {
		t.Errorf("made at %d", at)
	}
	for _, trak := range file.Moov.Traks {
		if trak.Mdia.Hdlr.Name != "tilemix" {
			t.Errorf("made by %q", trak.Mdia.Hdlr.Name)
		}
	}
	sound := file.Moov.Traks[1]
	if d := sound.Mdia.Minf.Stbl.Stsd.Children[0].(*boxes.AudioSampleEntryBox).Dops; d.PreSkip != 312 {
		t.Errorf("dOps is %+v", d)
	}
	roll := sound.Mdia.Minf.Stbl.Sgpd
	if roll == nil || roll.SampleGroupEntries[0].(*boxes.RollSampleGroupEntry).RollDistance != -4 {
		t.Errorf("sgpd is %+v", roll)
	}
	if !bytes.Contains(data[:8192], []byte("\xa9nam\x00\x00\x00\x16data\x00\x00\x00\x01\x00\x00\x00\x00Küche")) {
		t.Error("no title")
	}
	references(t, file)
	p := look(t, data)
	if p.frames(0) != 150 || p.Format.Tags.Title != "Küche" || p.Format.Tags.Created != "2026-05-04T03:02:01.000000Z" {
		t.Errorf("FFmpeg finds %+v", p)
	}
}

// finished expects a moov that says how long the file is. So many samples of sound are not played.
func finished(t *testing.T, moov *boxes.MoovBox, length time.Duration, skipped int64) {
	t.Helper()
	want := uint64(length.Seconds() * float64(moov.Mvhd.Timescale))
	near := func(what string, got, want uint64) {
		if off := int64(got - want); off > 4000 || off < -4000 {
			t.Errorf("%s is %d, not %d", what, got, want)
		}
	}
	if moov.Mvex.Mehd == nil || moov.Mvex.Children[0] != boxes.Box(moov.Mvex.Mehd) {
		t.Fatal("no mehd in front of mvex")
	}
	near("mvhd", moov.Mvhd.Duration, want)
	near("mehd", uint64(moov.Mvex.Mehd.FragmentDuration), want)
	for _, trak := range moov.Traks {
		near("tkhd", trak.Tkhd.Duration, want)
		near("mdhd", trak.Mdia.Mdhd.Duration, uint64(length.Seconds()*float64(trak.Mdia.Mdhd.Timescale)))
		if trak.Mdia.Hdlr.HandlerType != "soun" {
			continue
		}
		if edit := trak.Edts.Elst[0].Entries[0]; edit.MediaTime != skipped || edit.SegmentDuration != trak.Tkhd.Duration {
			t.Errorf("elst is %+v", edit)
		}
	}
}

// references follows the index in front of the fragments, which must lead from one to the next, without a
// hole, to the last, and say when each begins.
func references(t *testing.T, file *boxes.File) (n int) {
	t.Helper()
	if file.Sidx == nil {
		t.Fatal("no sidx")
	}
	begins := map[uint64]uint64{}
	end := uint64(0)
	for _, f := range fragments(file) {
		begins[f.Moof.StartPos] = f.Moof.Trafs[0].Tfdt.BaseMediaDecodeTime()
		end = f.Moof.StartPos + f.Moof.Size() + f.Mdat.Size()
	}
	at, when := file.Sidx.AnchorPoint+file.Sidx.FirstOffset, file.Sidx.EarliestPresentationTime
	for i, r := range file.Sidx.SidxRefs {
		if got, ok := begins[at]; !ok || got != when || r.StartsWithSAP != 1 {
			t.Fatalf("reference %d leads to %d at %d: %v", i, at, when, ok)
		}
		at, when = at+uint64(r.ReferencedSize), when+uint64(r.SubSegmentDuration)
	}
	if at != end {
		t.Errorf("references end at %d, fragments at %d", at, end)
	}
	return len(file.Sidx.SidxRefs)
}

// TestTorn kills a server after any part of each write to the beginning of a file. What is there plays:
// it has one moov, which describes all fragments so far.
func TestTorn(t *testing.T) {
	data, j := journalled(t, take{length: 6 * time.Second, width: func(at time.Duration) int {
		return []int{240, 320, 160, 280}[at/time.Second%4]
	}}, mp4.Default())
	if len(j.writes) != 2*2+3 { // the first two sizes are there from the first fragment on
		t.Fatalf("%d writes", len(j.writes))
	}
	fresh := bytes.Clone(j.fresh)
	for i, w := range j.writes {
		for _, part := range []int{0, 1, len(w.data) / 2, len(w.data) - 1, len(w.data)} {
			torn := append(bytes.Clone(fresh), data[len(fresh):w.size]...)
			copy(torn[w.at:], w.data[:part])
			file, err := boxes.DecodeFile(bytes.NewReader(torn))
			if err != nil || file.Moov == nil {
				t.Fatalf("write %d, %d of %d bytes: %v", i, part, len(w.data), err)
			}
			entries := len(file.Moov.Traks[0].Mdia.Minf.Stbl.Stsd.Children)
			for _, f := range fragments(file) {
				if h := f.Moof.Trafs[0].Tfhd; h.HasSampleDescriptionIndex() && int(h.SampleDescriptionIndex) > entries {
					t.Errorf("write %d, %d bytes: sample entry %d of %d", i, part, h.SampleDescriptionIndex, entries)
				}
			}
			if n := bytes.Count(topBoxes(torn), []byte("moov")); n != 1 {
				t.Errorf("write %d, %d bytes: %d moov", i, part, n)
			}
		}
		copy(fresh[w.at:], w.data)
	}
	if !bytes.Equal(fresh, data[:len(fresh)]) {
		t.Error("the beginning is not what was written")
	}
}

// topBoxes returns the kinds of a file's boxes.
func topBoxes(data []byte) (kinds []byte) {
	for at := 0; at+8 <= len(data); at += int(binary.BigEndian.Uint32(data[at:])) {
		kinds = append(append(kinds, data[at+4:at+8]...), ' ')
	}
	return kinds
}

// TestRepairLength repairs files that were cut off anywhere, also between the index at the end and the
// length in front: all say how long they are.
func TestRepairLength(t *testing.T) {
	data, j := journalled(t, resized(5*time.Second), mp4.Default())
	beginning := bytes.Clone(j.fresh)
	for _, w := range j.writes[:len(j.writes)-3] {
		copy(beginning[w.at:], w.data)
	}
	unfinished := append(beginning, data[len(beginning):]...)
	for _, cut := range []int{0, 50, len(data) / 3} {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(unfinished[:len(data)-cut]); err != nil {
			t.Fatal(err)
		}
		size, length, err := mp4.Repair(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(f.Name())
		_ = f.Close()
		if err != nil || int(size) != len(got) {
			t.Fatalf("%d bytes, not %d: %v", len(got), size, err)
		}
		file, err := boxes.DecodeFile(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		finished(t, file.Moov, length, 312)
		references(t, file)
		look(t, got)
	}
}

// TestSoundGoesOn has the picture stand still before the end, where FFmpeg finds the length of the sound.
func TestSoundGoesOn(t *testing.T) {
	data, _ := journalled(t, take{length: 4 * time.Second, noPicture: func(at time.Duration) bool { return at > 3300*time.Millisecond }}, mp4.Default())
	if p := look(t, data); p.seconds() < 3.98 || p.seconds() > 4.02 {
		t.Errorf("%v s long", p.seconds())
	}
}

// TestSoundBeginsLate has sound begin long after the picture: FFmpeg takes the file for no longer than it is.
func TestSoundBeginsLate(t *testing.T) {
	data, _ := journalled(t, take{length: 4 * time.Second, noSound: func(at time.Duration) bool { return at < 1600*time.Millisecond }}, mp4.Default())
	if p := look(t, data); p.seconds() < 3.98 || p.seconds() > 4.02 || p.frames(1) != 200 {
		t.Errorf("%v s long, with %d packets of sound", p.seconds(), p.frames(1))
	}
}

// TestManyReferences has more key frames come than the index has room for.
func TestManyReferences(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := mp4.NewWriter(f, mp4.Config{Video: true, Header: f})
	au := []byte{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x28, 0x0b, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88}
	for i := range 2500 {
		if err := w.WriteVideo(au, time.Duration(i)*time.Minute, frame, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	file, err := boxes.DecodeFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if n := references(t, file); n < 512 || n > 1024 {
		t.Errorf("%d references", n)
	}
	if d := file.Moov.Mvhd; d.Version != 1 || d.Duration != 2499*60*90_000+3000 {
		t.Errorf("mvhd is %+v", d)
	}
}
