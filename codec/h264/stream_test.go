package h264_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"image"
	"io"
	"os"
	"strings"
	"testing"
)

// accessUnits cuts a recorded stream. A new access unit begins with the first
// NAL unit after a picture that is a parameter set, SEI or delimiter, or a slice
// whose first_mb_in_slice is 0 (H.264 §7.4.1.2.3; enough for the streams here).
func accessUnits(stream []byte) [][]byte {
	var out [][]byte
	var au []byte
	picture := false
	for _, nal := range nals(stream) {
		if len(nal) < 2 {
			continue
		}
		kind := nal[0] & 31
		slice := kind >= 1 && kind <= 5
		if picture && (!slice || nal[1]&0x80 != 0) {
			out = append(out, au)
			au, picture = nil, false
		}
		au = append(append(au, 0, 0, 0, 1), nal...)
		picture = picture || slice
	}
	return append(out, au)
}

func readStream(t *testing.T, name ...string) [][]byte {
	t.Helper()
	stream, err := os.ReadFile(needMedia(t, append([]string{"h264"}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return accessUnits(stream)
}

// writeI420 writes the visible pixels, plane by plane.
func writeI420(w io.Writer, img *image.YCbCr) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	for y := range height {
		_, _ = w.Write(img.Y[y*img.YStride:][:width])
	}
	for y := range (height + 1) / 2 {
		_, _ = w.Write(img.Cb[y*img.CStride:][:(width+1)/2])
	}
	for y := range (height + 1) / 2 {
		_, _ = w.Write(img.Cr[y*img.CStride:][:(width+1)/2])
	}
}

// firstOfTwo is the sum of QCIF_2P_I_allIPCM's first picture alone. The stream
// is in high profile, whose pictures come out one access unit late, and it ends
// after two: a decoder of live streams is never told of an end and has no call
// that would give the second.
const firstOfTwo = "e2576f9bca91c26891c23fadbaccba30cc3d5008"

func TestConformanceStreams(t *testing.T) {
	sums, err := os.Open(needMedia(t, "h264", "conformance", "EXPECTED_YUV_SHA1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("line %q", lines.Text())
		}
		if name == "QCIF_2P_I_allIPCM.264" {
			want = firstOfTwo
		}
		t.Run(name, func(t *testing.T) {
			d, err := newDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			sum := sha1.New()
			for n, au := range readStream(t, "conformance", name) {
				pic, err := d.Decode(au)
				if err != nil {
					t.Fatalf("access unit %d: %v", n, err)
				}
				if pic != nil {
					writeI420(sum, pic)
				}
			}
			if got := hex.EncodeToString(sum.Sum(nil)); got != want {
				t.Errorf("pictures have SHA-1 %s, want %s", got, want)
			}
		})
	}
}

func TestBrokenStreams(t *testing.T) {
	good := readStream(t, "conformance", "BA_MW_D.264")[0]
	for file, whole := range map[string]int{ // pictures that can be shown
		"BA_MW_D_IDR_LOST.264":     0,
		"Error_I_P.264":            1,
		"membrane_no_sps_pps.h264": 0,
	} {
		t.Run(file, func(t *testing.T) {
			d, err := newDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			shown, refused := 0, 0
			for _, au := range readStream(t, "broken", file) {
				pic, err := d.Decode(au)
				corruptOrFine(t, err)
				if pic != nil {
					shown++
				}
				if err != nil {
					refused++
				}
			}
			if shown != whole || refused == 0 {
				t.Errorf("%d pictures instead of %d, %d access units refused", shown, whole, refused)
			}
			if pic, err := d.Decode(good); err != nil || pic == nil {
				t.Errorf("good IDR afterwards: picture %v, error %v", pic != nil, err)
			}
		})
	}
}

// TestLostSlice takes one slice out of a stream of several slices a picture.
func TestLostSlice(t *testing.T) {
	aus := readStream(t, "conformance", "BA1_FT_C.264")
	var slices [][]byte
	for _, nal := range nals(aus[5]) {
		if kind := nal[0] & 31; kind == 1 || kind == 5 {
			slices = append(slices, nal)
		}
	}
	if len(slices) < 2 {
		t.Fatalf("stream has %d slices a picture", len(slices))
	}
	for lost := range slices {
		var au []byte
		for i, nal := range slices {
			if i != lost {
				au = append(append(au, 0, 0, 0, 1), nal...)
			}
		}
		wantLossNoticed(t, append(append([][]byte{}, aus[:5]...), au, aus[6], aus[7]), 5)
	}
}

// TestLostAccessUnit leaves one out between two that are whole.
func TestLostAccessUnit(t *testing.T) {
	aus := readStream(t, "conformance", "BA_MW_D.264")
	wantLossNoticed(t, append(append([][]byte{}, aus[:5]...), aus[6:9]...), 5)
}

// wantLossNoticed decodes aus, of which all from bad on must be refused, and
// then the stream from its start again.
func wantLossNoticed(t *testing.T, aus [][]byte, bad int) {
	t.Helper()
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for n, au := range append(aus, aus[:bad]...) {
		pic, err := d.Decode(bytes.Clone(au))
		corruptOrFine(t, err)
		if whole := n < bad || n >= len(aus); whole != (pic != nil) || whole == (err != nil) {
			t.Fatalf("access unit %d: picture %v, error %v", n, pic != nil, err)
		}
	}
}
