package capture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"strings"

	"tilemix/codec/pcm"
)

// ErrNoDevice is returned for a camera or microphone that is not there. The error's
// text lists those that are.
var ErrNoDevice = errors.New("no such device")

// Test is the name of the test signals: colour bars and a tone.
const Test = "test"

// Camera is a source of pictures.
type Camera interface {
	// Read waits for the next picture, which is valid until the next call and may be
	// written to. io.EOF is the end of a file.
	Read() (*image.YCbCr, error)
	Close() error
}

// Microphone is a source of sound.
type Microphone interface {
	// Read waits for the next block. io.EOF is the end of a file.
	Read(block *pcm.Block) error
	Close() error
}

// Format is what is wished for of a camera; it comes as close as it can.
type Format struct {
	Size      image.Point // pixels
	FrameRate int         // pictures a second
}

// OpenCamera opens a camera by its name: Test, a device's path as /dev/video0, or a file, which
// is repeated where loop is set. A file is read until ctx ends.
func OpenCamera(ctx context.Context, name string, want Format, loop bool) (Camera, error) {
	switch {
	case name == Test:
		return openDriver(testLabel, want)
	case isFile(name):
		return openFileCamera(ctx, name, want, loop)
	default:
		return openDriver(name, want)
	}
}

// OpenMicrophone opens a microphone by its name: Test, "default", a part of a
// device's name, or a file as with OpenCamera.
func OpenMicrophone(ctx context.Context, name string, loop bool) (Microphone, error) {
	switch {
	case name == Test:
		return openTone()
	case isFile(name):
		return openFileMicrophone(ctx, name, loop)
	default:
		return openMicrophone(ctx, name)
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// missing says what is there instead of a device.
func missing(kind, name string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("%w: %s %q is neither a file nor a device, and this machine has no %s; \"test\" is always there",
			ErrNoDevice, kind, name, kind)
	}
	return fmt.Errorf("%w: %s %q; there are %s, and \"test\"", ErrNoDevice, kind, name, strings.Join(there, ", "))
}
