package capture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os/exec"
	"strings"
	"time"

	"tilemix/codec/pcm"
)

// child is an FFmpeg process that decodes a file at the pace of its clock.
type child struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
	cancel context.CancelFunc
	done   bool
}

func start(ctx context.Context, name string, loop bool, args ...string) (*child, error) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, errors.New("ffmpeg is not installed, which reads files")
	}
	ctx, cancel := context.WithCancel(ctx)
	all := []string{"-nostdin", "-loglevel", "error", "-re"}
	if loop {
		all = append(all, "-stream_loop", "-1")
	}
	all = append(append(all, "-i", "file:"+name), args...)
	c := &child{cmd: exec.CommandContext(ctx, tool, append(all, "-")...), cancel: cancel}
	c.cmd.Stderr = &c.stderr
	c.cmd.WaitDelay = time.Second
	pipe, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	c.out = bufio.NewReaderSize(pipe, 64<<10)
	return c, nil
}

// fault says why nothing more can be read: io.EOF at the end of the file.
func (c *child) fault(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read from ffmpeg: %w", err)
	}
	if failed := c.wait(); failed != nil {
		return fmt.Errorf("ffmpeg: %w: %.300s", failed, strings.TrimSpace(c.stderr.String()))
	}
	return io.EOF
}

func (c *child) wait() error {
	if c.done {
		return nil
	}
	c.done = true
	return c.cmd.Wait()
}

// Close ends the process.
func (c *child) Close() error {
	c.cancel()
	_ = c.wait()
	return nil
}

// film is the picture of a file.
type film struct {
	*child
	img *image.YCbCr
}

// openFilm reads pictures as YUV4MPEG2, which says how large they are.
func openFilm(ctx context.Context, name string, want Format, loop bool) (Camera, error) {
	filter := fmt.Sprintf("fps=%d,scale='min(%d,iw)':'min(%d,ih)':force_original_aspect_ratio=decrease:"+
		"force_divisible_by=2:out_color_matrix=bt601:out_range=tv,format=yuv420p", want.FrameRate, want.Size.X, want.Size.Y)
	c, err := start(ctx, name, loop, "-map", "0:v:0", "-vf", filter, "-f", "yuv4mpegpipe")
	if err != nil {
		return nil, err
	}
	f := &film{child: c}
	if err := f.header(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// header reads the stream's, as "YUV4MPEG2 W640 H480 F30:1 …".
func (f *film) header() error {
	line, err := f.out.ReadString('\n')
	if err != nil {
		return f.fault(err)
	}
	var size image.Point
	for _, field := range strings.Fields(line)[1:] {
		switch field[0] {
		case 'W':
			_, err = fmt.Sscan(field[1:], &size.X)
		case 'H':
			_, err = fmt.Sscan(field[1:], &size.Y)
		}
		if err != nil {
			return fmt.Errorf("ffmpeg's %q: %w", field, err)
		}
	}
	if size.X < 16 || size.Y < 16 {
		return fmt.Errorf("pictures of %v are too small", size)
	}
	f.img = image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	return nil
}

// Read implements Camera.
func (f *film) Read() (*image.YCbCr, error) {
	if _, err := f.out.ReadSlice('\n'); err != nil { // FRAME
		return nil, f.fault(err)
	}
	for _, plane := range [][]byte{f.img.Y, f.img.Cb, f.img.Cr} {
		if _, err := io.ReadFull(f.out, plane); err != nil {
			return nil, f.fault(err)
		}
	}
	return f.img, nil
}

// track is the sound of a file.
type track struct {
	*child
	raw [4 * pcm.Samples]byte
}

func openTrack(ctx context.Context, name string, loop bool) (Microphone, error) {
	c, err := start(ctx, name, loop, "-map", "0:a:0", "-ac", "1", "-ar", fmt.Sprint(pcm.Rate), "-f", "f32le")
	if err != nil {
		return nil, err
	}
	return &track{child: c}, nil
}

// Read implements Microphone.
func (t *track) Read(block *pcm.Block) error {
	if _, err := io.ReadFull(t.out, t.raw[:]); err != nil {
		return t.fault(err)
	}
	for i := range block {
		block[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
	}
	return nil
}
