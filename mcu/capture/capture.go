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

// ErrNoDevice is returned for a camera or microphone that does not exist. The text of the error
// lists those that do.
var ErrNoDevice = errors.New("no such device")

// Test is the name of the test signals: colour bars and a tone.
const Test = "test"

// Camera is a source of pictures. It belongs to one goroutine.
type Camera interface {
	// Read waits for the next picture. It is valid until the next call, and the caller may
	// write to it. Read returns io.EOF at the end of a file.
	Read() (*image.YCbCr, error)
	Close() error
}

// Microphone is a source of sound. It belongs to one goroutine.
type Microphone interface {
	// Read waits for the next block. It returns io.EOF at the end of a file.
	Read(block *pcm.Block) error
	Close() error
}

// Format is the preferred format of a camera. A camera uses the closest one that it has.
type Format struct {
	Size      image.Point // pixels
	FrameRate int         // pictures a second
}

// OpenCamera opens a camera by its name: Test, the path of a device such as /dev/video0, or a
// file. loop repeats a file. The end of ctx ends the reading of a file.
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

// OpenMicrophone opens a microphone by its name: Test, "default", a part of the name of a device,
// or a file as for OpenCamera.
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

// missing returns ErrNoDevice with a list of the devices that exist.
func missing(kind, name string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("%w: %s %q is neither a file nor a device, and this machine has no %s; \"test\" is always there",
			ErrNoDevice, kind, name, kind)
	}
	return fmt.Errorf("%w: %s %q; there are %s, and \"test\"", ErrNoDevice, kind, name, strings.Join(there, ", "))
}
