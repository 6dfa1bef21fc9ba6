package capture

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"strings"

	"tilemix/codec/pcm"
	"tilemix/mcu/ffmpeg"
)

// file is an FFmpeg process that decodes a file in real time.
type file struct {
	child  *ffmpeg.Process
	out    *bufio.Reader
	cancel context.CancelFunc
}

func start(ctx context.Context, name string, loop bool, args ...string) (*file, error) {
	all := []string{"-nostdin", "-loglevel", "error", "-re"}
	if loop {
		all = append(all, "-stream_loop", "-1")
	}
	all = append(append(all, "-i", "file:"+name), args...)
	ctx, cancel := context.WithCancel(ctx)
	child, err := ffmpeg.Command{Args: append(all, "-")}.Start(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &file{child: child, out: bufio.NewReaderSize(child, 64<<10), cancel: cancel}, nil
}

// fault returns the reason why reading failed, io.EOF at the end of the file.
func (f *file) fault(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read from FFmpeg: %w", err)
	}
	if failed := f.child.Wait(); failed != nil {
		return fmt.Errorf("FFmpeg: %w", failed)
	}
	return io.EOF
}

// Close ends the process.
func (f *file) Close() error {
	f.cancel()
	_ = f.child.Wait()
	return nil
}

// fileCamera is the picture of a file.
type fileCamera struct {
	*file
	img *image.YCbCr
}

// openFileCamera reads pictures as YUV4MPEG2, because its header has their size.
func openFileCamera(ctx context.Context, name string, want Format, loop bool) (Camera, error) {
	filter := fmt.Sprintf("fps=%d,scale='min(%d,iw)':'min(%d,ih)':force_original_aspect_ratio=decrease:"+
		"force_divisible_by=2:out_color_matrix=bt601:out_range=tv,format=yuv420p", want.FrameRate, want.Size.X, want.Size.Y)
	c, err := start(ctx, name, loop, "-map", "0:v:0", "-vf", filter, "-f", "yuv4mpegpipe")
	if err != nil {
		return nil, err
	}
	f := &fileCamera{file: c}
	if err := f.header(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// header reads the stream's, as "YUV4MPEG2 W640 H480 F30:1 …".
func (f *fileCamera) header() error {
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
			return fmt.Errorf("FFmpeg's %q: %w", field, err)
		}
	}
	if size.X < 16 || size.Y < 16 {
		return fmt.Errorf("pictures of %v are too small", size)
	}
	f.img = image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	return nil
}

// Read implements Camera.
func (f *fileCamera) Read() (*image.YCbCr, error) {
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

// fileMicrophone is the sound of a file.
type fileMicrophone struct {
	*file
	raw [4 * pcm.Samples]byte
}

func openFileMicrophone(ctx context.Context, name string, loop bool) (Microphone, error) {
	c, err := start(ctx, name, loop, "-map", "0:a:0", "-ac", "1", "-ar", fmt.Sprint(pcm.Rate), "-f", "f32le")
	if err != nil {
		return nil, err
	}
	return &fileMicrophone{file: c}, nil
}

// Read implements Microphone.
func (t *fileMicrophone) Read(block *pcm.Block) error {
	if _, err := io.ReadFull(t.out, t.raw[:]); err != nil {
		return t.fault(err)
	}
	for i := range block {
		block[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
	}
	return nil
}
