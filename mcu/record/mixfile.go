package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu/aac"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/folder"
	"tilemix/mcu/intake"
	"tilemix/mcu/record/sidecar"
)

const (
	// mediaFile is the end of the names of recordings and tracks.
	mediaFile = ".mp4"
	// pictureTime and packetTime are how long the last picture and packet last.
	pictureTime = time.Second / 30
	packetTime  = 20 * time.Millisecond
	// firstFragment is how soon there is something to play.
	firstFragment = 250 * time.Millisecond
)

// mixFile is the file of a recording's mix. It belongs to the recording's goroutine, but for its
// atomics, which any may read.
type mixFile struct {
	size   atomic.Int64 // bytes
	length atomic.Int64 // ns
	origin atomic.Int64 // of the mix, on the room's clock, in ns

	file    *os.File // set before create
	out     *mp4.Writer
	voice   voice
	cell    *ffmpeg.Cell        // of FFmpeg, if the voice needs it
	grown   func()              // called when the file has its first bytes
	resumed func(sidecar.Pause) // called when the mix goes on after a pause

	grid       intake.Grid // of the file's pictures
	begun      bool
	generation int           // that is written
	shift      time.Duration // from the room's clock to the file's
	end        time.Duration // of what was written last, in the file
}

// makeMedia makes the file of a recording.
func makeMedia(dir, id string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, id+mediaFile), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	return file, nil
}

// create begins the file, with sound of so many channels.
func (m *mixFile) create(info sidecar.Info, channels int) error {
	config := mp4.Default()
	config.Header = m.file
	config.Channels = channels
	config.AAC = info.Audio == "aac"
	config.Created, config.Title = info.Started, info.Room
	m.out = mp4.NewWriter(m.file, config)
	v, err := newVoice(info.Audio, channels, m.out, m.cell)
	if err != nil {
		m.discard()
		return err
	}
	m.voice = v
	return nil
}

// discard removes the file of a recording that did not begin.
func (m *mixFile) discard() {
	if m.voice != nil {
		_ = m.voice.close(false)
	}
	_ = m.file.Close()
	_ = os.Remove(m.file.Name())
}

// write writes a unit, unless it is not to be written.
func (m *mixFile) write(u *intake.Unit) error {
	if !m.ready(u) {
		return nil
	}
	at := u.At + m.shift
	var err error
	if u.Video {
		at = m.grid.Place(at)
		err = m.out.WriteVideo(u.Data, at, pictureTime, u.Key)
		at += pictureTime
	} else {
		err = m.voice.write(u.Data, at)
		at += packetTime
	}
	if err != nil {
		return err
	}
	m.end = max(m.end, at)
	if m.out.Size() == 0 && m.out.Length() >= firstFragment {
		err = m.out.Flush()
	}
	m.measure()
	return err
}

// ready says that a unit is to be written. A file begins, and goes on after a pause, with an IDR,
// which follows what is there.
func (m *mixFile) ready(u *intake.Unit) bool {
	if m.begun && u.Generation == m.generation {
		return true
	}
	if !u.Video || !u.Key || u.Generation < m.generation {
		return false
	}
	if m.begun {
		before := m.shift
		m.shift = m.grid.After(m.end) - u.At
		m.resumed(sidecar.Pause{At: m.out.Length().Seconds(), Length: (before - m.shift).Seconds()})
	} else {
		m.origin.Store(int64(u.At))
	}
	m.begun, m.generation = true, u.Generation
	return true
}

// flush writes the fragment that has begun.
func (m *mixFile) flush() error {
	err := m.out.Flush()
	if err == nil {
		m.measure()
	}
	return err
}

// measure publishes the file's size and length.
func (m *mixFile) measure() {
	before := m.size.Swap(m.out.Size())
	m.length.Store(int64(m.out.Length()))
	if before == 0 && m.out.Size() > 0 {
		m.grown()
	}
}

// close ends the file with an index. If it cannot be written, the file is cut behind its last whole
// fragment.
func (m *mixFile) close(failed error) error {
	err := errors.Join(failed, m.voice.close(failed == nil))
	if closing := m.out.Close(); err == nil {
		err = closing
	}
	m.measure()
	if err != nil {
		m.length.Store(int64(m.out.Written()))
		err = errors.Join(err, m.file.Truncate(m.out.Size()))
	}
	taken := folder.Taken(m.file)
	// A finished file has to outlive a loss of power.
	err = errors.Join(err, m.file.Sync(), m.file.Close())
	if taken {
		return errTaken
	}
	return err
}

// voice writes sound into the file.
type voice interface {
	// start starts what write needs.
	start() error
	// write takes an Opus packet; at is its time in the file.
	write(packet []byte, at time.Duration) error
	// close ends it. It writes what is left if whole is set.
	close(whole bool) error
}

// newVoice returns the voice for a codec and so many channels.
func newVoice(audio string, channels int, out *mp4.Writer, cell *ffmpeg.Cell) (voice, error) {
	if audio == "aac" {
		return newAAC(channels, out, cell)
	}
	return asItIs{out}, nil
}

// aacPatience is how long FFmpeg may take no sound.
const aacPatience = 5 * time.Second

// asAAC has FFmpeg make AAC of the sound.
type asAAC struct{ *aac.Transcoder }

func newAAC(channels int, out *mp4.Writer, cell *ffmpeg.Cell) (voice, error) {
	if err := AACEncoder(); err != nil {
		return nil, err
	}
	e, err := aac.New(aac.Config{Channels: channels, Cell: cell, Patience: aacPatience, Begin: out.Start, Put: out.WriteAudio})
	return asAAC{e}, err
}

func (v asAAC) start() error {
	if err := v.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoEncoder, err)
	}
	return nil
}

func (v asAAC) write(packet []byte, at time.Duration) error { return v.Write(packet, at) }
func (v asAAC) close(whole bool) error                      { return v.Close(whole) }

// AACEncoder returns ErrNoEncoder when AAC is wanted and FFmpeg is not installed.
func AACEncoder() error {
	if _, err := ffmpeg.Find(""); err != nil {
		return fmt.Errorf("%w: FFmpeg is not installed (apt-get install ffmpeg), or record with --audio-codec opus", ErrNoEncoder)
	}
	return nil
}

// asItIs writes Opus unchanged.
type asItIs struct{ out *mp4.Writer }

func (asItIs) start() error                                  { return nil }
func (v asItIs) write(packet []byte, at time.Duration) error { return v.out.WriteAudio(packet, at) }
func (asItIs) close(bool) error                              { return nil }
