package text

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// inked returns the rectangle of all pixels of a mask that are to be seen.
func inked(m *image.Alpha) (r image.Rectangle) {
	if m == nil {
		return r
	}
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			if m.AlphaAt(x, y).A > 16 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

// TestPlace: a line is as wide as its ink, its capitals stand in the middle, and small letters keep
// the line of the capitals.
func TestPlace(t *testing.T) {
	w := writer(t, "")
	for _, px := range []int{10, 20, 33, 64} {
		for _, height := range []int{px + px/2, 2*px + 1, 4 * px} {
			box := inked(w.Line("HIH", px, 10*px, height).Mask)
			above, below := box.Min.Y, height-box.Max.Y
			if above-below < -1 || above-below > 1 {
				t.Errorf("%d pixels in %d: %d are above, %d below", px, height, above, below)
			}
			// The capitals of Go Medium are 0.7 em.
			if high := float64(box.Dy()); math.Abs(high-0.7*float64(px)) > 0.05*float64(px)+2 {
				t.Errorf("%d pixels: capitals are %v pixels high", px, high)
			}
			line := w.Line("HIH", px, 10*px, height)
			if box.Min.X > 1 || box.Max.X < line.Mask.Rect.Dx()-1 {
				t.Errorf("%d pixels: ink is at %v of %v", px, box, line.Mask.Rect)
			}
			small := inked(w.Line("xzx", px, 10*px, height).Mask)
			if d := small.Max.Y - box.Max.Y; d < -1 || d > 1 {
				t.Errorf("%d pixels: letters end at %d, capitals at %d", px, small.Max.Y, box.Max.Y)
			}
			if deep := inked(w.Line("Hg", px, 10*px, height).Mask); deep.Max.Y <= box.Max.Y {
				t.Errorf("%d pixels: g ends at %d, H at %d", px, deep.Max.Y, box.Max.Y)
			}
		}
	}
}

// TestTooSmall draws nothing into nothing.
func TestTooSmall(t *testing.T) {
	w := writer(t, "")
	for _, x := range []struct {
		s                 string
		px, width, height int
	}{
		{"", 20, 100, 30},
		{"   ", 20, 100, 30},
		{"\u202e\u200d\x00", 20, 100, 30},
		{"Ann", 0, 100, 30},
		{"Ann", -5, 100, 30},
		{"Ann", 20, 0, 30},
		{"Ann", 20, 100, 0},
		{"Ann", 20, -1, -1},
		{"Ann", 20, 2, 30},
		{"Ann", 200, 20, 30},
	} {
		if l := w.Line(x.s, x.px, x.width, x.height); l.Mask != nil || l.Emoji != nil {
			t.Errorf("%+v is drawn in %v", x, l.Mask.Rect)
		}
	}
}

// TestBox: what no font has is one box, however long it is, and so are its parts that spaces part.
func TestBox(t *testing.T) {
	w := writer(t, "")
	box := w.Line("□", 20, 300, 30)
	if box.Mask == nil {
		t.Fatal("the font in the binary has no box")
	}
	for _, s := range []string{"王", "王小明", strings.Repeat("王", 300), "🎉🎊", "न\u200dन", "王🎉م"} {
		if l := w.Line(s, 20, 300, 30); l.Mask == nil || !slices.Equal(l.Mask.Pix, box.Mask.Pix) {
			t.Errorf("%.10q is not one box", s)
		}
	}
	for s, want := range map[string]string{
		"Ann 王小明":     "Ann □",
		"王小明 Ann":     "□ Ann",
		"王Ann明":       "□Ann□",
		"a\u05b8n":    "an", // a mark that the font lacks leaves its letter
		"王 小 明 Ann 王": "□   Ann □",
	} {
		got, _ := w.assign(Readable(s))
		if string(got) != want {
			t.Errorf("%q is drawn as %q, want %q", s, string(got), want)
		}
	}
}

// TestCut: whatever fits is drawn whole; what does not ends in "…" and is the longest such text.
func TestCut(t *testing.T) {
	w := writer(t, "")
	width := func(s string) int { return w.layout([]rune(s), 20).advance().Ceil() }
	rapid.Check(t, func(t *rapid.T) {
		s := string(Readable(rapid.StringOfN(rapid.SampledFrom([]rune("iWm. éЖλ")), 1, 30, -1).Draw(t, "text")))
		most := rapid.IntRange(1, 300).Draw(t, "width")
		runes := []rune(s)
		want := ""
		if width(s) <= most {
			want = s
		} else {
			for n := range slices.Backward(runes) { // the slow way
				if cut := strings.TrimRight(string(runes[:n]), " ") + "…"; width(cut) <= most {
					want = cut
					break
				}
			}
		}
		got := w.fit(runes, 20, most)
		if a, b := got.advance(), w.layout([]rune(want), 20).advance(); a != b {
			t.Fatalf("%q in %d pixels is %v wide, want %q with %v", s, most, a, want, b)
		}
	})
}

// TestGrows: a name is wider in larger letters, and a longer one is wider.
func TestGrows(t *testing.T) {
	w := writer(t, "")
	before := 0
	for px := 8; px <= 64; px += 4 {
		wide := w.Line("Łukasz", px, 1000, 100).Mask.Rect.Dx()
		if ratio := float64(wide) / float64(px); wide <= before || ratio < 2.5 || ratio > 4.5 {
			t.Errorf("%d pixels: %d wide, before %d", px, wide, before)
		}
		before = wide
	}
	for s, longer := range map[string]string{"A": "AA", "AA": "AWA", "a b": "a c b", "é": "éé"} {
		if a, b := w.Line(s, 20, 900, 30).Mask.Rect.Dx(), w.Line(longer, 20, 900, 30).Mask.Rect.Dx(); a >= b {
			t.Errorf("%q is %d wide, %q %d", s, a, longer, b)
		}
	}
}

// TestInitialsBundled takes initials from names in letters that the font in the binary has.
func TestInitialsBundled(t *testing.T) {
	w := writer(t, "")
	for name, want := range map[string]string{
		"":                         "",
		"  ":                       "",
		"ann":                      "A",
		"Ann Bo Cy":                "AC",
		"ann  (guest)":             "AG",
		"\"Ann\" 'Bo'":             "AB",
		"42 apples":                "4A",
		"дмитрий іванович":         "ДІ",
		"σωκράτης":                 "Σ",
		"e\u0301mile zola":         "ÉZ",
		"- . !":                    "",
		"Ann - .":                  "A",
		"王小明":                      "", // no font has it
		"王 Ann":                    "A",
		"王Ann Bo":                  "AB",
		"\u202eann\u202c \u200dbo": "AB",
		"o'neil":                   "O",
		"ßeta":                     "ß", // there is no capital of one letter
	} {
		if got := w.Initials(name); got != want {
			t.Errorf("initials of %+q are %+q, want %+q", name, got, want)
		}
	}
}

// TestEmoji tells pictures from letters.
func TestEmoji(t *testing.T) {
	for _, r := range "🎉👩🇫🏽\ufe0f\u20e3" {
		if !Emoji(r) {
			t.Errorf("%U is no picture", r)
		}
	}
	for _, r := range "a1#王م\u200d\ufe0e\U00020000\U0001efff" {
		if Emoji(r) {
			t.Errorf("%U is a picture", r)
		}
	}
}
