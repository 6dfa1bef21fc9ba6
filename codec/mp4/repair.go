package mp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"
)

// File is what Repair needs of an *os.File.
type File interface {
	io.ReadWriteSeeker
	io.WriterAt
	Truncate(size int64) error
}

// maxMoof bounds the boxes that are read to be repaired; those of a Writer are a few KB.
const maxMoof = 16 << 20

// Repair makes a file whole that a Writer did not close: it cuts what follows the last
// whole fragment, writes the index, and says in the beginning how long the file is. It returns the size and the length, also where the
// index cannot be written, without which the file plays. A file without a whole fragment
// becomes empty.
func Repair(f File) (size int64, length time.Duration, err error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	s := scan{f: f, end: end, w: NewWriter(f, Config{})}
	if err := s.run(); err != nil {
		return 0, 0, err
	}
	w := s.w
	if s.indexed {
		return end, w.Length(), s.finish()
	}
	if w.seq == 0 {
		w.size = 0
	}
	if err := f.Truncate(w.size); err != nil || w.size == 0 {
		return w.size, 0, err
	}
	if _, err := f.Seek(w.size, io.SeekStart); err != nil {
		return w.size, w.Length(), err
	}
	length = w.Length()
	if err = w.Close(); err != nil {
		err = errors.Join(err, f.Truncate(w.Size())) // half an index is none
	} else {
		err = s.finish()
	}
	return w.Size(), length, err
}

// scan walks through the boxes of a file and leaves the Writer as it was behind the
// last whole fragment.
type scan struct {
	f       File
	end     int64
	at      int64 // of the box
	front   int64 // end of ftyp
	moov    *boxes.MoovBox
	moovAt  int64
	first   int64 // of the first moof
	moof    *boxes.MoofBox
	start   int64 // of moof
	media   int64 // end of the last whole fragment
	indexed bool
	w       *Writer
}

func (s *scan) run() error {
	for s.at < s.end && !s.indexed {
		var header [8]byte
		if _, err := s.f.Seek(s.at, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.ReadFull(s.f, header[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		} else if err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint32(header[:]))
		if size < int64(len(header)) || s.at+size > s.end {
			return nil // cut off
		}
		if err := s.box(string(header[4:]), size); err != nil {
			return err
		}
		s.at += size
	}
	return nil
}

// finish says in the beginning how long the file is, unless it says so or has no place for it.
func (s *scan) finish() error {
	w := s.w
	if w.beginning = found(s.front, s.moovAt, s.first); w.beginning.end == 0 || s.moov.Mvex.Mehd != nil {
		return nil
	}
	return finish(w, s.f, s.moov, s.media)
}

// box takes note of a whole box.
func (s *scan) box(kind string, size int64) error {
	switch kind {
	case "ftyp":
		s.front = s.at + size
	case "moov":
		box, err := s.decode(size)
		if err != nil {
			return err
		}
		s.moov, s.moovAt = box.(*boxes.MoovBox), s.at
		s.describe(s.moov)
	case "moof":
		box, err := s.decode(size)
		if err != nil {
			return err
		}
		s.moof, s.start = box.(*boxes.MoofBox), s.at
		if s.first == 0 {
			s.first = s.at
		}
	case "mdat":
		if s.moof != nil {
			s.fragment()
			s.w.size = s.at + size
			s.media = s.w.size
		}
		s.moof = nil
	case "mfra":
		s.indexed = true
	}
	return nil
}

func (s *scan) decode(size int64) (boxes.Box, error) {
	if size > maxMoof {
		return nil, fmt.Errorf("box of %d bytes at %d", size, s.at)
	}
	if _, err := s.f.Seek(s.at, io.SeekStart); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(s.f, data); err != nil {
		return nil, err
	}
	return boxes.DecodeBox(uint64(s.at), bytes.NewReader(data))
}

// describe finds out which tracks there are.
func (s *scan) describe(moov *boxes.MoovBox) {
	for _, trak := range moov.Traks {
		switch trak.Mdia.Hdlr.HandlerType {
		case "vide":
			s.w.cfg.Video, s.w.video.id = true, trak.Tkhd.TrackID
		case "soun":
			s.w.cfg.Audio, s.w.audio.id = true, trak.Tkhd.TrackID
		}
	}
}

// fragment takes note of a fragment as the Writer did.
func (s *scan) fragment() {
	w := s.w
	for _, traf := range s.moof.Trafs {
		t := &w.video
		if traf.Tfhd.TrackID == w.audio.id {
			t = &w.audio
		}
		at := int64(traf.Tfdt.BaseMediaDecodeTime())
		for _, run := range traf.Truns {
			for _, sample := range run.Samples {
				t.add(at, int64(sample.Dur), 0, sample.Flags == isKey)
				at += int64(sample.Dur)
			}
		}
	}
	w.index.note(w.leading(), s.start)
	w.seq++
	w.video.reset()
	w.audio.reset()
}
