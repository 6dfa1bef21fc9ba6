package h264

import (
	"errors"
	"fmt"
	"runtime"

	openh264 "github.com/y9o/go-openh264"
)

// defaultLibrary is the shared library's name as Debian installs it and as
// Cisco's binaries of the same interface call themselves.
const defaultLibrary = "libopenh264.so.7"

// ErrNotOpen is returned by the constructors before Open has succeeded.
var ErrNotOpen = errors.New("h264: OpenH264 is not loaded")

// Open loads OpenH264 from library, a file name or path; "" is
// libopenh264.so.7. It is called once, before the first constructor, and is not
// safe for concurrent use; after a success further calls do nothing.
func Open(library string) error {
	if library == "" {
		library = defaultLibrary
	}
	runtime.LockOSThread() // a thread knows of its own errors alone (dlerror)
	defer runtime.UnlockOSThread()
	if err := openh264.Open(library); err != nil {
		return fmt.Errorf("h264: cannot load OpenH264 from %s (install libopenh264-7 or name another file): %w", library, err)
	}
	v := openh264.WelsGetCodecVersion()
	// The structures handed to C are those of 2.3 and 2.4; later versions lay
	// them out differently.
	if v.UMajor != 2 || v.UMinor < 3 || v.UMinor > 4 {
		closeErr := openh264.Close()
		openh264.WelsCreateDecoder, openh264.WelsCreateSVCEncoder = nil, nil
		return errors.Join(fmt.Errorf("h264: %s is OpenH264 %d.%d, not 2.3 or 2.4", library, v.UMajor, v.UMinor), closeErr)
	}
	return nil
}
