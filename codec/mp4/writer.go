package mp4

import (
	"errors"
	"fmt"
	"io"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
)

const (
	videoRate = ticks.Video
	audioRate = pcm.Rate
	// patience is how much longer than Config.Fragment a fragment may become while
	// no picture comes that would end it.
	patience = 500 * time.Millisecond
)

// ErrClosed is returned by every method after Close.
var ErrClosed = errors.New("MP4 file is closed")

// ErrPacket is returned for what is no Opus packet. The file goes on without it.
var ErrPacket = errors.New("no Opus packet")

// Config says what is in a file.
type Config struct {
	// Video and Audio say which tracks it has. Where it has both, it begins with the
	// first key frame; sound before that is dropped.
	Video, Audio bool
	// AAC says that the sound is AAC-LC at 48 kHz, in raw frames of 1024 samples, and not Opus.
	AAC bool
	// Channels of the sound that players shall expect, 1 or 2.
	Channels int
	// Fragment is how much of the end may be missing where the file was not closed,
	// if pictures come; half a second more if they do not.
	Fragment time.Duration
	// Header writes into the same file as the io.Writer. With it the beginning of the file is written
	// anew, in place, when key frames with other parameter sets come, and when the file ends; nil: it
	// stays as it was. At the end its Sync is called, if it has one.
	Header io.WriterAt
	// Created is when the file was begun, and Title what players show; zero: the file does not say.
	Created time.Time
	Title   string
}

// Default returns the configuration of a file with picture and mono sound in
// fragments of a second.
func Default() Config {
	return Config{Video: true, Audio: true, Channels: 1, Fragment: time.Second}
}

// Writer writes one file. It is not safe for concurrent use.
//
// Times are those of the caller's clock: the file begins at the earliest instant
// that it gets, and picture and sound stay as far apart as they came. The
// Writer keeps what it was given until its fragment is whole, and copies it. After an
// error of the io.Writer it writes nothing more and returns that error from
// everything: Size is then what the file can be cut to.
type Writer struct {
	out       io.Writer
	cfg       Config
	started   bool
	origin    time.Duration // the file's beginning
	began     time.Duration // the fragment's, from the origin
	video     track
	audio     track
	sets      parameterSets
	beginning beginning
	last      byte // of the last packet: its TOC
	seq       uint32
	size      int64
	written   time.Duration // of what is in whole fragments
	index     index
	buf       []byte
	err       error
}

// NewWriter returns a Writer that has written nothing yet.
func NewWriter(out io.Writer, cfg Config) *Writer {
	w := &Writer{
		out: out, cfg: cfg,
		video: track{id: 1, rate: videoRate}, audio: track{id: 2, rate: audioRate},
	}
	if cfg.Header != nil {
		w.sets.room = spare
	}
	return w
}

// WriteVideo takes an access unit (Annex B, parameter sets in front of the first key
// frame at least) that is shown from pts on. dur is how long, as far as is known:
// where another access unit follows, it lasts until then. Access units
// before the first key frame are dropped. Parameter sets that are not those of
// the file's beginning stay in the stream, which most players follow. With Config.Header they get a
// sample entry too, which all players follow.
func (w *Writer) WriteVideo(au []byte, pts, dur time.Duration, key bool) error {
	if w.err != nil {
		return w.err
	}
	if !w.cfg.Video {
		return errors.New("MP4 file has no picture")
	}
	entry, described := 0, false
	if key {
		entry, described = w.sets.find(au)
	}
	if !w.started && !described {
		return nil
	}
	at := w.begin(pts)
	w.video.end(ticks.Of(at, videoRate))
	if len(w.video.samples) > 0 && (key || at-w.began >= w.cfg.Fragment) || w.overdue(at) {
		if err := w.cut(at); err != nil {
			return err
		}
	}
	if described {
		w.video.entry = entry
	}
	data := len(w.video.data)
	w.video.data = w.sets.appendSample(w.video.data, au)
	if len(w.video.data) == data {
		return nil // nothing in it
	}
	w.video.add(ticks.Of(at, videoRate), max(1, ticks.Of(dur, videoRate)), len(w.video.data)-data, key)
	return nil
}

// WriteAudio takes an Opus packet, or a frame of AAC, that is heard from pts on. A gap of up to a second, and
// one before the first packet, is filled with packets that have decoders conceal it.
func (w *Writer) WriteAudio(packet []byte, pts time.Duration) error {
	switch {
	case w.err != nil:
		return w.err
	case !w.cfg.Audio:
		return errors.New("MP4 file has no sound")
	case len(packet) == 0 || !w.started && w.cfg.Video || pts < w.origin:
		return nil
	}
	length := int64(aacSamples)
	if !w.cfg.AAC {
		length = int64(opus.Samples(packet))
	}
	if length == 0 {
		return fmt.Errorf("%w: code %#x of %d bytes", ErrPacket, packet[0], len(packet))
	}
	at := w.begin(pts)
	if !w.cfg.AAC {
		if w.audio.next == 0 {
			w.last = packet[0]
		}
		w.audio.fill(ticks.Of(at, audioRate), w.last)
	}
	if w.overdue(at) {
		if err := w.cut(at); err != nil {
			return err
		}
	}
	w.last = packet[0]
	data := len(w.audio.data)
	if len(packet) == 1 && !w.cfg.AAC {
		w.audio.data = append(w.audio.data, unsent(packet)...)
	} else {
		w.audio.data = append(w.audio.data, packet...)
	}
	w.audio.add(ticks.Of(at, audioRate), length, len(w.audio.data)-data, true)
	return nil
}

// begin makes an instant of the caller's one of the file's.
func (w *Writer) begin(pts time.Duration) time.Duration {
	if !w.started {
		w.started, w.origin = true, pts
	}
	return max(pts-w.origin, 0)
}

// overdue tells whether a fragment must end though no picture ends it.
func (w *Writer) overdue(at time.Duration) bool {
	limit := w.cfg.Fragment
	if w.cfg.Video {
		limit += patience
	}
	return len(w.video.samples)+len(w.audio.samples) > 0 && at-w.began >= limit
}

// cut ends the fragment; the next begins at an instant of the file.
func (w *Writer) cut(at time.Duration) error {
	err := w.Flush()
	w.began = at
	return err
}

// Flush writes what has come as a fragment of its own.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.video.samples)+len(w.audio.samples) == 0 {
		return w.err
	}
	w.buf = w.buf[:0]
	switch {
	case w.size == 0:
		if w.buf, w.err = w.appendBeginning(w.buf); w.err != nil {
			return w.err
		}
		w.sets.added = false
	case w.sets.added && w.cfg.Header != nil:
		if w.err = w.rewrite(); w.err != nil {
			return w.err
		}
	}
	w.index.note(w.leading(), w.size+int64(len(w.buf)))
	w.seq++
	if w.buf, w.err = appendFragment(w.buf, w.seq, &w.video, &w.audio); w.err != nil {
		return w.err
	}
	w.video.reset()
	w.audio.reset()
	if err := w.write(); err != nil {
		return err
	}
	w.written = w.Length()
	return nil
}

func (w *Writer) write() error {
	if _, err := w.out.Write(w.buf); err != nil {
		w.err = fmt.Errorf("write MP4 file: %w", err)
		return w.err
	}
	w.size += int64(len(w.buf))
	return nil
}

// leading returns the track by which a player finds its place: the picture, where there is one.
func (w *Writer) leading() *track {
	if w.cfg.Video {
		return &w.video
	}
	return &w.audio
}

// Size returns how many bytes of whole fragments have been written.
func (w *Writer) Size() int64 { return w.size }

// Written returns how long the whole fragments are that have been written.
func (w *Writer) Written() time.Duration { return w.written }

// Start returns the instant of the caller's clock at which the file begins, which is that of the first
// that it was given and did not drop. Before that it is zero.
func (w *Writer) Start() time.Duration { return w.origin }

// Length returns how long the file is, with what is not written yet.
func (w *Writer) Length() time.Duration {
	return max(ticks.Duration(w.video.next, videoRate), ticks.Duration(w.audio.next, audioRate))
}

// Close writes what is left, the index, and with Config.Header how long the file is. It does not close the
// io.Writer. A file that got nothing stays empty.
func (w *Writer) Close() error {
	if errors.Is(w.err, ErrClosed) {
		return nil
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if w.size > 0 {
		media := w.size
		if w.buf, w.err = w.index.append(w.buf[:0], w.leading().id); w.err != nil {
			return w.err
		}
		if err := w.write(); err != nil {
			return err
		}
		if w.cfg.Header != nil {
			if w.err = finish(w, w.cfg.Header, w.moov(), media); w.err != nil {
				return w.err
			}
		}
	}
	w.err = ErrClosed
	return nil
}
