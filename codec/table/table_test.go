package table_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/table"
)

// TestLines: each line is whole, and what its encoder writes goes through its payload format and
// comes out of its decoder.
func TestLines(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	for _, v := range table.Videos() {
		t.Run(v.Kind.String(), func(t *testing.T) {
			if table.Of(v.Kind).MIME != v.MIME || v.Kind >= codec.Kinds {
				t.Errorf("kind %d is not found", v.Kind)
			}
			for _, fmtp := range v.Formats {
				if got := table.Named(strings.ToLower(v.MIME), fmtp); got == nil || got.Kind != v.Kind {
					t.Errorf("%q is registered and not taken", fmtp)
				}
			}
			enc, err := v.NewEncoder(codec.VideoConfig{Width: 64, Height: 48, FrameRate: 30, Bitrate: 300_000})
			if err != nil {
				t.Fatal(err)
			}
			defer enc.Close()
			dec, err := v.NewDecoder(limit.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer dec.Close()
			split, join := v.NewSplitter(), v.NewJoiner()
			for n := range 3 {
				want := codectest.Picture(64, 48, n)
				au, err := enc.Encode(want, time.Duration(n)*time.Second/30)
				if err != nil || v.IsKey(au.Data) != au.Key || au.Key != (n == 0) {
					t.Fatalf("picture %d: key %v, %v", n, au.Key, err)
				}
				join.Reset()
				for i, p := range split.Split(au.Data) {
					if i == 0 && !join.Starts(p) || !join.Add(p) {
						t.Fatalf("payload %d is refused", i)
					}
				}
				if !join.Whole() || v.IsKey(join.Unit()) != au.Key {
					t.Fatalf("picture %d does not come back whole", n)
				}
				if img, err := dec.Decode(join.Unit()); err != nil || codectest.PSNR(img, want) < 25 {
					t.Errorf("picture %d: %v", n, err)
				}
			}
		})
	}
	if table.Of(0) != nil || table.Of(codec.Kinds) != nil {
		t.Error("no kind has a line")
	}
	if table.Named("video/AV1", "") != nil || table.Named("video/H264", "packetization-mode=0") != nil {
		t.Error("a format that nobody reads is taken")
	}
}

// elsewhere are folders that name VP8 too: they read SDP and payload descriptors, and the clients of
// tests speak what the server is to read.
var elsewhere = []string{"mcu/rtc/offer/", "mcu/rtc/route/", "mcu/rtc/rtctest/"}

// TestOnePlace: VP8 stands for a codec that is one package and one line. It is named under codec
// alone, and in the folders above.
func TestOnePlace(t *testing.T) {
	named := regexp.MustCompile(`(?i)vp8`)
	root := os.DirFS("../..")
	for _, folder := range []string{"mixer", "mcu", "signaling", "cmd"} {
		err := fs.WalkDir(root, folder, func(file string, _ fs.DirEntry, err error) error {
			if err != nil || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") ||
				slices.ContainsFunc(elsewhere, func(folder string) bool { return strings.HasPrefix(file, folder) }) {
				return err
			}
			code, err := fs.ReadFile(root, file)
			if err == nil && named.Match(code) {
				t.Errorf("%s names VP8", file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
