package h264

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	openh264 "github.com/y9o/go-openh264"
)

// defaultLibraries are the shared library's names as distributions install it: version 7 of
// its interface is 2.3 to 2.5, version 8 is 2.6.
var defaultLibraries = []string{"libopenh264.so.7", "libopenh264.so.8"}

// ErrNotOpen is returned by the constructors before Open has succeeded.
var ErrNotOpen = errors.New("h264: OpenH264 is not loaded")

// Open loads OpenH264 from library, a file name or path; "" is the library of the
// distribution, libopenh264.so.7 or else libopenh264.so.8. Versions from 2.3 to 2.6 are
// taken. Open is called once, before the first constructor, and is not safe for concurrent
// use; after a success further calls do nothing.
func Open(library string) error {
	runtime.LockOSThread() // a thread knows of its own errors alone (dlerror)
	defer runtime.UnlockOSThread()
	name, err := load(library)
	if err != nil {
		return fmt.Errorf("h264: cannot load OpenH264 from %s (install libopenh264-7 or name another file): %w", name, err)
	}
	if v := loaded(); v.UMajor != 2 || v.UMinor < 3 || v.UMinor > 6 {
		closeErr := openh264.Close()
		openh264.WelsCreateDecoder, openh264.WelsCreateSVCEncoder = nil, nil
		return errors.Join(fmt.Errorf("h264: %s is OpenH264 %d.%d, not one of 2.3 to 2.6", name, v.UMajor, v.UMinor), closeErr)
	}
	return nil
}

// load loads library, or the first of the default ones that is there. The name is that of
// the library that was loaded or, on failure, looked for first.
func load(library string) (name string, err error) {
	if library != "" {
		return library, openh264.Open(library)
	}
	for _, name := range defaultLibraries {
		e := openh264.Open(name)
		if e == nil {
			return name, nil
		}
		err = errors.Join(err, e)
	}
	return defaultLibraries[0], err
}

// Warning returns what an operator must know about the library that Open has loaded, or "".
// Releases before 2.5.1 have a heap overflow in their decoder (CVE-2025-27091). Distributions
// repair it without a new version number, so a library that Open looked up by its name, as in
// Open(""), is taken for theirs. A file with a path is judged by its version.
// It may be called only after Open has succeeded with the same library.
func Warning(library string) string { return warning(library, loaded()) }

func warning(library string, v openh264.OpenH264Version) string {
	if !strings.Contains(library, "/") || v.UMinor > 5 || v.UMinor == 5 && v.URevision >= 1 {
		return ""
	}
	return fmt.Sprintf("OpenH264 %d.%d.%d in %s has CVE-2025-27091: a camera can overwrite the server's memory. Use 2.5.1 or newer, or the distribution's library",
		v.UMajor, v.UMinor, v.URevision, library)
}

// loaded returns the version of the library that is loaded.
func loaded() openh264.OpenH264Version { return openh264.WelsGetCodecVersion() }

// hasPSNR tells whether a version's structures have the fields for PSNR.
func hasPSNR(v openh264.OpenH264Version) bool { return v.UMajor == 2 && v.UMinor >= 6 }
