package text

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// samples are names, each with the file of a font that has its script; "": the font in the binary.
var samples = []struct{ script, file, name string }{
	{"latin", "", "Łukasz Ångström"},
	{"greek", "", "Σωκράτης"},
	{"cyrillic", "", "Дмитрий Іванович"},
	{"vietnamese", "NotoSans-Regular.ttf", "Nguyễn Thị"},
	{"arabic", "NotoSansArabic-Regular.ttf", "محمد بن سلمان"},
	{"hebrew", "NotoSansHebrew-Regular.ttf", "שָׁלוֹם עליכם 12 (א)"},
	{"devanagari", "NotoSansDevanagari-Regular.ttf", "क्षितिज शर्मा"},
	{"thai", "NotoSansThai-Regular.ttf", "ก็ที่น้ำสมชาย"},
	{"chinese", "NotoSansCJK-Regular.ttc", "王小明 (Wang)"},
	{"korean", "NotoSansCJK-Regular.ttc", "김철수"},
	{"emoji", "NotoColorEmoji.ttf", "👩‍👩‍👧 family 🎉 🏳️‍🌈 🇫🇷 1️⃣ 👍🏽"},
}

// TestScripts shapes a name in each script: no glyph is the one for what a font lacks.
func TestScripts(t *testing.T) {
	for _, s := range samples {
		t.Run(s.script, func(t *testing.T) {
			w := writer(t, s.file)
			runes, _ := w.assign(Readable(s.name))
			if slices.Contains(runes, missing) {
				t.Errorf("%q has a box", string(runes))
			}
			l := w.layout(Readable(s.name), 30)
			for _, run := range l {
				for _, g := range run.Glyphs {
					if g.GlyphID == 0 {
						t.Errorf("rune %d of %q has no glyph", g.TextIndex(), s.name)
					}
				}
			}
			drawn := w.Line(s.name, 30, 600, 50)
			if drawn.Mask == nil || !slices.ContainsFunc(drawn.Mask.Pix, func(a uint8) bool { return a > 200 }) {
				t.Error("nothing is drawn")
			}
			if s.script == "emoji" && colours(drawn.Emoji) < 50 {
				t.Errorf("the pictures have %d colours", colours(drawn.Emoji))
			}
		})
	}
}

// colours counts the colours of a picture.
func colours(img *image.NRGBA) int {
	all := map[[3]byte]bool{}
	if img != nil {
		for p := range slices.Chunk(img.Pix, 4) {
			all[[3]byte(p)] = true
		}
	}
	return len(all)
}

// writer returns a writer with the system's font of a name. Without it the test is left out.
func writer(t testing.TB, name string) *Writer {
	t.Helper()
	var fonts []*font.Font
	if name != "" {
		var f *os.File
		for _, dir := range []string{"truetype", "opentype"} {
			if opened, err := os.Open(filepath.Join("/usr/share/fonts", dir, "noto", name)); err == nil {
				f = opened
				defer f.Close()
			}
		}
		if f == nil {
			t.Skip("no", name, "on this machine: make test-packages installs it")
		}
		all, err := opentype.NewLoaders(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := font.NewFont(all[0])
		if err != nil {
			t.Fatal(err)
		}
		fonts = append(fonts, parsed)
	}
	w, err := NewWriter(func() []*font.Font { return fonts })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestOrder checks in which order the runes of a text stand, from left to right (UAX #9).
func TestOrder(t *testing.T) {
	w := writer(t, "NotoSansHebrew-Regular.ttf")
	for logical, visual := range map[string]string{
		"Ann":       "Ann",
		"אבג":       "גבא",
		"אב 12 גד":  "דג 12 בא",
		"Ann אב Bo": "Ann בא Bo",
		"אב Ann גד": "דג Ann בא",
		"12 אב":     "בא 12",
	} {
		runes := Readable(logical)
		var got []rune
		for _, run := range w.layout(runes, 20) {
			for _, g := range run.Glyphs {
				got = append(got, runes[g.TextIndex()])
			}
		}
		if string(got) != visual {
			t.Errorf("%q is drawn as %+q, want %+q", logical, string(got), visual)
		}
	}
}

// TestFit: a text that is too long ends in "…", between characters, and is no wider than asked.
func TestFit(t *testing.T) {
	w := writer(t, "NotoSansDevanagari-Regular.ttf")
	for _, s := range []string{strings.Repeat("क्षि", 30), strings.Repeat("Ann ", 60), strings.Repeat("W", 200)} {
		for _, width := range []int{12, 60, 200} {
			l := w.fit(Readable(s), 20, width)
			if l.advance().Ceil() > width {
				t.Errorf("%.10q is %d pixels wide, want at most %d", s, l.advance().Ceil(), width)
			}
			if width == 200 && len(l) < 1 {
				t.Errorf("%.10q is not drawn", s)
			}
		}
	}
}

// TestHostile draws texts that are made to hurt: bounded in time, and within the mask.
func TestHostile(t *testing.T) {
	w := writer(t, "NotoSans-Regular.ttf")
	for what, s := range map[string]string{
		"a megabyte":  strings.Repeat("ễ", 1<<19),
		"marks":       "a" + strings.Repeat("\u0301", 5000) + "b",
		"embeddings":  strings.Repeat("\u202e\u2066", 500) + "Ann" + strings.Repeat("\u2069", 500),
		"surrogates":  "\xed\xa0\x80Ann\xed\xbf\xbf",
		"controls":    "A\x00\x1b[31mnn\u0085\u2028",
		"joiners":     strings.Repeat("a\u200d", 2000),
		"tags":        "🏴" + strings.Repeat("\U000e0067", 400),
		"selectors":   strings.Repeat("a\ufe0f", 400),
		"private use": strings.Repeat("\ue000", 400),
		"last rune":   strings.Repeat("\U0010ffff", 400),
		"brackets":    strings.Repeat("(", 500) + strings.Repeat("]", 500),
	} {
		const most = 500 * time.Millisecond
		var l Line
		least := time.Hour // of three tries, because others use the machine too
		for try := 0; try < 3 && least > most; try++ {
			began := time.Now()
			l = w.Line(s, 20, 300, 34)
			least = min(least, time.Since(began))
		}
		if least > most {
			t.Errorf("%s took %v", what, least)
		}
		if l.Mask != nil && (l.Mask.Rect.Dx() > 300 || l.Mask.Rect.Dy() != 34) {
			t.Errorf("%s is drawn in %v", what, l.Mask.Rect)
		}
		w.Initials(s)
	}
	if got, want := string(Readable("A\u0337n\u0334\u202en\u200b")), "Ann"; got != want {
		t.Errorf("readable is %q, want %q", got, want)
	}
	if got := len(Readable("a" + strings.Repeat("\u0301", 5000))); got > 4 {
		t.Errorf("a letter keeps %d marks", got)
	}
}

func TestInitials(t *testing.T) {
	w := writer(t, "NotoSansDevanagari-Regular.ttf")
	for name, want := range map[string]string{"क्षितिज शर्मा": "क्षिश", "शर्मा": "श", "ada king lovelace": "AL", "🎉": "", "Ann ░": "A"} {
		if got := w.Initials(name); got != want {
			t.Errorf("initials of %q are %q, want %q", name, got, want)
		}
	}
}
