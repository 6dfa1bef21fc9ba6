package text

import (
	"image"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestReadable says what is left of texts.
func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		" \t\n ":                          "",
		"  Ann \u00a0\u2003 Bo\u2028":     "Ann Bo",
		"e\u0301":                         "é", // composed
		"A\u0000B\u001b[31mC":             "AB[31mC",
		"\u202eAnn\u202c":                 "Ann",
		"A\u00adn\u2060n\ufeff":           "Ann",
		"\xffAnn\xc3":                     "\ufffdAnn\ufffd",
		"\u0301Ann":                       "Ann", // a mark without a letter
		"Ann \u0301Bo":                    "Ann Bo",
		"\u3164\u115f\u1160\uffa0":        "", // fillers, which look like nothing
		"\ue000\U000f0000":                "",
		"न\u200dन":                        "न\u200dन",
		"\u200dन\u200c":                   "न",
		"न\u200d\u200dन":                  "न\u200dन",
		"न\u200c न":                       "न न",
		"न\u200d\u0336":                   "न", // a joiner before a mark that is left out
		"a\u200d\u0336 b":                 "a b",
		"a\u200d\u0336b":                  "a\u200db",
		"1\u200d2":                        "12",
		"👩\u200d🚀":                        "👩\u200d🚀",
		"1\ufe0f\u20e3":                   "1\ufe0f\u20e3",
		"A\u20ddB\u20e3":                  "AB\u20e3", // a circle covers letters, a key does not
		"A\u0336n\u0338n":                 "Ann",
		"a\u0323\u0301\u0302\u0303\u0304": "ạ\u0301\u0302", // composed, and two marks of all scripts
		"שָׁ":                             "שָׁ",
		"Z\u0489":                         "Z",
		"🏴\U000e0067\U000e0062\U000e007f": "🏴",
		"\u2066\u2069\u200e\u200f\u061c":  "",
	} {
		if got := string(Readable(in)); got != want {
			t.Errorf("%+q is %+q, want %+q", in, got, want)
		}
	}
	if n := len(Readable(strings.Repeat("x", 5000))); n != maxBytes {
		t.Errorf("%d runes are left", n)
	}
	for n := range 4 { // a long text is cut between its runes
		if got := string(Readable(strings.Repeat("x", n) + strings.Repeat("王", 500))); strings.ContainsRune(got, utf8.RuneError) || len(got) < maxBytes-4 {
			t.Errorf("%d bytes before: …%q", n, got[len(got)-6:])
		}
	}
}

// runes draws texts of all that names and attacks have.
func runes() *rapid.Generator[string] {
	nasty := []rune{
		'a', 'Z', '1', ' ', ' ', '\t', 'é', 'न', '\u093f', '\u094d', 'م', 'א', '\u05b8', '王', '김', '👩', '🎉', '🇫', '🇷', '🏽',
		joiner, nonJoiner, pictured, keycap, '\u0301', '\u0323', '\u0336', '\u0489', '\u20dd', '\u202e', '\u2066', '\u3164', 0, 0xad, 0xe000, utf8.RuneError, '\U0010ffff', 'ﷺ', 'ŉ', 'ß', 'ǆ',
	}
	return rapid.OneOf(rapid.StringOfN(rapid.SampledFrom(nasty), 0, 40, -1), rapid.StringN(0, 40, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 60), func(b []byte) string { return string(b) }))
}

// TestReadableAlways holds whatever comes in to what Readable promises.
func TestReadableAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := runes().Draw(t, "text")
		got := Readable(s)
		out := string(got)
		if !utf8.ValidString(out) || strings.TrimSpace(out) != out || strings.Contains(out, "  ") || norm.NFC.String(out) != out {
			t.Fatalf("%+q is %+q", s, out)
		}
		marks := 0
		for i, r := range got {
			switch {
			case r == joiner || r == nonJoiner:
				if i == 0 || i+1 == len(got) || !joins(got[i-1]) || !joins(got[i+1]) {
					t.Fatalf("%+q is %+q: the joiner at %d joins nothing", s, out, i)
				}
			case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || unicode.IsSpace(r) && r != ' ':
				t.Fatalf("%+q is %+q: %U is left", s, out, r)
			case unicode.In(r, unicode.Mn, unicode.Me):
				if marks++; marks > maxMarks || i == 0 || hides(r) {
					t.Fatalf("%+q is %+q: the mark %U is left", s, out, r)
				}
			default:
				marks = 0
			}
		}
		if again := string(Readable(out)); again != out {
			t.Fatalf("%+q is %+q, and that is %+q", s, out, again)
		}
	})
}

// TestLineAlways draws whatever comes in: inside its bounds, with ink from the first to the last
// column, and the same again whatever was drawn between.
func TestLineAlways(t *testing.T) {
	w, other := writer(t, ""), writer(t, "")
	rapid.Check(t, func(t *rapid.T) {
		s := runes().Draw(t, "text")
		px, width, height := rapid.IntRange(-1, 60).Draw(t, "px"), rapid.IntRange(-1, 300).Draw(t, "width"), rapid.IntRange(-1, 60).Draw(t, "height")
		l := w.Line(s, px, width, height)
		if l.Mask == nil {
			if l.Emoji != nil {
				t.Fatal("a picture without a mask")
			}
			return
		}
		if b := l.Mask.Rect; b.Min != (image.Point{}) || b.Dx() < 1 || b.Dx() > width || b.Dy() != height {
			t.Fatalf("%+q is drawn in %v, at most %d by %d", s, b, width, height)
		}
		w.Line("Łukasz", 17, 200, 20)
		w.Initials(s)
		if again := other.Line(s, px, width, height); !slices.Equal(l.Mask.Pix, again.Mask.Pix) {
			t.Fatalf("%+q is drawn in another way by another writer", s)
		}
		if again := w.Line(s, px, width, height); !slices.Equal(l.Mask.Pix, again.Mask.Pix) {
			t.Fatalf("%+q is drawn in another way the second time", s)
		}
	})
}
