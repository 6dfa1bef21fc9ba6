package video_test

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"tilemix/mixer/video"
)

// FuzzName gives a tile any name at all: composing does not crash, takes no
// more than a bounded time, and leaves everything outside of the tile alone.
func FuzzName(f *testing.F) {
	for _, s := range append(names[:], longNames[:]...) {
		f.Add(s, 236, 132)
	}
	for _, s := range []string{
		"", " ", "\x00", "\u200b\u200d\ufeff", "\u0301", "e\u0301", "\u202e\u2066", "🏳️‍🌈", "ا\u064b", "ก็็็็็", "\U0010ffff", "\xed\xa0\x80", "a\nb\tc",
		"ﷺ", strings.Repeat("\u0301", 5000), strings.Repeat("x", 1<<20), "ß ŉ ǆ", "-- ++", "j", "□", "日",
	} {
		f.Add(s, 1280, 720)
		f.Add(s, 60, 34)
	}
	f.Fuzz(func(t *testing.T, name string, w, h int) {
		r := image.Rect(2, 2, 2+max(w, 0)%1278, 2+max(h, 0)%718)
		c, fresh := newCompositor(t), newCompositor(t)
		tile := video.Tile{ID: "x", Name: name, Rect: r, Muted: w%4 == 0}
		c.Compose([]video.Tile{tile})
		tile.Picture = portrait(1, image.Rect(0, 0, 32, 18))
		c.Compose([]video.Tile{tile})
		got, want := c.Canvas(), fresh.Canvas()
		for y := range 720 {
			left, right := got.Y[y*got.YStride:][:r.Min.X], got.Y[y*got.YStride+r.Max.X:(y+1)*got.YStride]
			if y < r.Min.Y || y >= r.Max.Y {
				left, right = got.Y[y*got.YStride:(y+1)*got.YStride], nil
			}
			row := want.Y[y*want.YStride:]
			if !bytes.Equal(left, row[:len(left)]) || !bytes.Equal(right, row[:len(right)]) {
				t.Fatalf("row %d is painted outside of the tile %v", y, r)
			}
		}
	})
}

// TestNames compares names by the labels that they give.
func TestNames(t *testing.T) {
	tests := []struct {
		what, a, b string
		same       bool
	}{
		{"letters", "Ann", "Ben", false},
		{"composed or combined", "Zo\u00eb", "Zoe\u0308", true},
		{"zero width", "Ann", "A\u200bn\u200d\ufeffn", true},
		{"bidirectional controls", "Ann", "\u202eAnn\u202c", true},
		{"stacked marks", "Ann", "A\u0337\u0334n\u0334n", true},
		{"spaces", "Ann Bee", "  Ann \t\n Bee ", true},
		{"control characters", "Ann", "A\x00n\x07n", true},
		{"nothing", "", "\u200b \x01", true},
		{"a script that the font lacks is seen", "", "王小明", false},
		{"as one box", "王", "李", true},
		{"however long it is", "王", "王小明 李大钊", true},
		{"invalid UTF-8 is seen", "", "\xff", false},
		{"cut off where the tile ends", strings.Repeat("Ann ", 100), strings.Repeat("Ann ", 200), true},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			if got := bytes.Equal(labelled(t, tt.a), labelled(t, tt.b)); got != tt.same {
				t.Errorf("%q and %q look the same: %v, want %v", tt.a, tt.b, got, tt.same)
			}
		})
	}
}

// labelled is the canvas with somebody of that name.
func labelled(t *testing.T, name string) []byte {
	c := newCompositor(t)
	r := image.Rect(0, 0, 640, 360)
	c.Compose([]video.Tile{{Name: name, Rect: r, Picture: image.NewYCbCr(r, image.YCbCrSubsampleRatio420)}})
	return snapshot(c.Canvas())
}

func TestInitials(t *testing.T) {
	tests := []struct{ name, like string }{
		{"Ada Lovelace", "A L"},
		{"ada king lovelace", "Al Li"},
		{"Björk", "b"},
		{"(Ann) [guest]", "A G"},
		{"王小明 Wang", "W"},
		{"王小明", ""},
		{"🎉", ""},
		{"élan", "É"},
		{"4th floor", "4 F"},
	}
	for _, tt := range tests {
		if !bytes.Equal(placeholder(t, tt.name), placeholder(t, tt.like)) {
			t.Errorf("the placeholder of %q does not look like that of %q", tt.name, tt.like)
		}
	}
	if bytes.Equal(placeholder(t, "Ada"), placeholder(t, "Bob")) {
		t.Error("the placeholders of A and B look the same")
	}
}

// placeholder is the canvas above the label with somebody without camera.
func placeholder(t *testing.T, name string) []byte {
	c := newCompositor(t)
	c.Compose([]video.Tile{{ID: "x", Name: name, Rect: c.Canvas().Rect}})
	return bytes.Clone(c.Canvas().Y[:640*1280])
}

// TestPlaceholderContrast says that white initials stand out from the disc
// (WCAG 2.2 §1.4.3 wants 4.5:1), whatever the ID, and that IDs differ in colour.
func TestPlaceholderContrast(t *testing.T) {
	colours := map[color.RGBA]bool{}
	for i := range 60 {
		c := newCompositor(t)
		c.Compose([]video.Tile{{ID: strings.Repeat("x", i), Name: "I", Rect: image.Rect(0, 0, 320, 180)}})
		colour := receive(c.Canvas().YCbCrAt(160-30, 90))
		colours[colour] = true
		if ratio := 1.05 / (luminance(colour) + 0.05); ratio < 4.4 { // 0.1 for rounding
			t.Errorf("contrast of white on %v is %.2f", colour, ratio)
		}
	}
	if len(colours) < 8 {
		t.Errorf("60 IDs share %d colours", len(colours))
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
