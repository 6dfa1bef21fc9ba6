package h264

import (
	"testing"
	"unsafe"

	openh264 "github.com/y9o/go-openh264"
)

func TestWarning(t *testing.T) {
	for _, tt := range []struct {
		library  string
		version  openh264.OpenH264Version
		warnings bool
	}{
		{"", openh264.OpenH264Version{UMajor: 2, UMinor: 3, URevision: 1}, false}, // Debian's, repaired
		{"libopenh264.so.7", openh264.OpenH264Version{UMajor: 2, UMinor: 4, URevision: 1}, false},
		{"/opt/libopenh264-2.4.1-linux64.7.so", openh264.OpenH264Version{UMajor: 2, UMinor: 4, URevision: 1}, true},
		{"./libopenh264.so.7", openh264.OpenH264Version{UMajor: 2, UMinor: 3, URevision: 1}, true},
		{"/opt/o.so", openh264.OpenH264Version{UMajor: 2, UMinor: 5}, true},
		{"/opt/o.so", openh264.OpenH264Version{UMajor: 2, UMinor: 5, URevision: 1}, false},
		{"/opt/o.so", openh264.OpenH264Version{UMajor: 2, UMinor: 6}, false},
	} {
		if got := warning(tt.library, tt.version); (got != "") != tt.warnings {
			t.Errorf("%q of %+v: warning %q", tt.library, tt.version, got)
		}
	}
}

// TestLayouts holds the structures to the sizes of codec_app_def.h in 2.6.0 on 64 bits.
func TestLayouts(t *testing.T) {
	var (
		param extendedParams
		pic   sourcePicture
		layer wideLayer
		info  wideInfo
	)
	for name, sizes := range map[string][2]uintptr{
		"SEncParamExt":   {unsafe.Sizeof(param), unsafe.Sizeof(param.SEncParamExt) + 4},
		"SSourcePicture": {unsafe.Sizeof(pic), 80},
		"SLayerBSInfo":   {unsafe.Sizeof(layer), 56},
		"SFrameBSInfo":   {unsafe.Sizeof(info), 8 + 128*56 + 16},
		"eFrameType":     {unsafe.Offsetof(info.frameType), 8 + 128*56},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("%s has %d bytes, want %d", name, sizes[0], sizes[1])
		}
	}
}
