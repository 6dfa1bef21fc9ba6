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

// recording is the file of a call. One connection after the other writes to it. It is safe for
// concurrent use.
type recording struct {
	name  string
	begun time.Time

	mu     sync.Mutex
	file   *os.File
	writer *mp4.Writer
	err    error
	latest *take
	takes  int // so far
	least  int // number of the first take whose connection is there
	closed bool
}

// newRecording makes the file. It fails if the file exists.
func newRecording(name string) (*recording, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	config := mp4.Default()
	config.Header, config.Created = file, time.Now()
	return &recording{name: name, begun: config.Created, file: file, writer: mp4.NewWriter(file, config)}, nil
}

// take returns the recording of a connection. It ends that of the last with its first key frame, or at once
// without a last one.
func (r *recording) take() *take {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &take{recording: r, number: r.takes}
	r.takes++
	return t
}

// renew says that nothing more comes of the takes before the last alive ones. It does nothing without a recording.
func (r *recording) renew(alive int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.least = r.takes - alive
}

// take is the recording of one connection. It aligns the server's clock with the local clock once
// for both tracks.
type take struct {
	*recording
	number int // of those before
	tied   bool
	shift  time.Duration
}

func (t *take) picture(u client.Sample) {
	if u.Key {
		t.begin()
	}
	t.write(u.At, func(at time.Duration) error { return t.writer.WriteVideo(u.Data, at, time.Second/30, u.Key) })
}

// begin has this take follow the one before.
func (t *take) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest == nil || t.latest.number < t.number {
		t.latest = t
	}
}

func (t *take) sound(u client.Sample) {
	t.write(u.At, func(at time.Duration) error { return t.writer.WriteAudio(u.Data, at) })
}

func (t *take) write(at time.Time, write func(time.Duration) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest == nil || t.latest.number < t.least && t.number >= t.least {
		t.latest = t
	}
	if t.latest != t || t.closed || t.err != nil {
		return
	}
	if !t.tied {
		t.tied, t.shift = true, time.Since(at)
	}
	t.err = write(at.Add(t.shift).Sub(t.begun))
}

// state returns the length and the size of the file in bytes, and the error of writing.
func (r *recording) state() (length time.Duration, size int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writer.Length(), r.writer.Size(), r.err
}

// close completes the file. It removes a file without media.
func (r *recording) close(out io.Writer) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
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
