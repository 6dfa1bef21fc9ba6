package join

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu/rtc/client"
)

// recording is the file of a call, in which one connection follows the other. It is
// safe for concurrent use.
type recording struct {
	name  string
	begun time.Time

	mu     sync.Mutex
	file   *os.File
	writer *mp4.Writer
	err    error
	latest *take
}

// newRecording makes the file, which must not exist.
func newRecording(name string) (*recording, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &recording{
		name: name, begun: time.Now(), file: file, writer: mp4.NewWriter(file, mp4.Default()),
	}, nil
}

// take begins what one connection records.
func (r *recording) take() *take {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = &take{recording: r}
	return r.latest
}

// take is what one connection records. The server's clock is tied to ours once for
// both tracks.
type take struct {
	*recording
	tied  bool
	shift time.Duration
}

func (t *take) picture(u client.Sample) {
	t.write(u.At, func(at time.Duration) error { return t.writer.WriteVideo(u.Data, at, time.Second/30, u.Key) })
}

func (t *take) sound(u client.Sample) {
	t.write(u.At, func(at time.Duration) error { return t.writer.WriteAudio(u.Data, at) })
}

func (t *take) write(at time.Time, write func(time.Duration) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest != t || t.err != nil {
		return
	}
	if !t.tied {
		t.tied, t.shift = true, time.Since(at)
	}
	t.err = write(at.Add(t.shift).Sub(t.begun))
}

// state says how long and how large the file is, and what went wrong.
func (r *recording) state() (length time.Duration, size int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writer.Length(), r.writer.Size(), r.err
}

// close writes what is left. A file that got nothing is removed.
func (r *recording) close(out io.Writer) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = nil
	err := errors.Join(r.writer.Close(), r.file.Close())
	if r.err != nil {
		err = r.err
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", r.name, err)
	}
	if r.writer.Size() == 0 {
		return errors.Join(fmt.Errorf("record %s: nothing came", r.name), os.Remove(r.name))
	}
	fmt.Fprintf(out, "recorded %v, %d bytes, in %s\n", r.writer.Length().Round(10*time.Millisecond), r.writer.Size(), r.name)
	return nil
}
