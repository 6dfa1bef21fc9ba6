package text

import (
	"bytes"
	"image"
	"slices"
	"unicode"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/math/fixed"
)

// maxShaped is how many fonts a writer keeps ready to shape with.
const maxShaped = 16

// Fonts returns the fonts for scripts that the font in the binary lacks, best first, with those
// of pictures last. They must be in memory. The slice must not change. nil has none.
type Fonts func() []*font.Font

// Writer draws texts. It belongs to one goroutine. Start from NewWriter.
type Writer struct {
	own     *font.Face
	capital fixed.Int26_6 // height of capitals in 1/64 of a pixel, at 1024 pixels an em
	fonts   Fonts
	faces   map[*font.Font]*font.Face

	shaper    shaping.HarfbuzzShaper
	paragraph bidi.Paragraph
	graphemes segmenter.Segmenter
	brush     brush
}

// Line is a text as it is drawn: letters, which have the caller's colour, and pictures.
type Line struct {
	Mask *image.Alpha // of the letters; nil: nothing is to be seen
	// Emoji are the pictures, in the place of the mask; nil: there are none.
	Emoji *image.NRGBA
}

// Bundled returns the font in the binary, Go Medium, which has Latin, Greek and Cyrillic.
func Bundled() (*font.Face, error) { return font.ParseTTF(bytes.NewReader(gomedium.TTF)) }

// NewWriter returns a writer with the font in the binary and others.
func NewWriter(fonts Fonts) (*Writer, error) {
	face, err := Bundled()
	if err != nil {
		return nil, err
	}
	if fonts == nil {
		fonts = func() []*font.Font { return nil }
	}
	w := &Writer{own: face, fonts: fonts, faces: make(map[*font.Font]*font.Face)}
	w.capital = fixed.Int26_6(face.LineMetric(font.CapHeight) * 1024 * 64 / float32(face.Upem()))
	w.shaper.SetFontCacheSize(maxShaped)
	return w, nil
}

// Line returns s on one line with letters of px pixels an em, as wide as its ink but at most
// width pixels, and its capitals centred in the height. What does not fit ends in "…".
func (w *Writer) Line(s string, px, width, height int) Line {
	if px <= 0 || width <= 0 || height <= 0 {
		return Line{}
	}
	l := w.fit(Readable(s), px, width)
	left, right := l.ink()
	wide := min((right - left).Ceil(), width)
	if wide <= 0 {
		return Line{}
	}
	dot := fixed.Point26_6{X: -left, Y: (fixed.I(height) + w.capital*fixed.Int26_6(px)/1024) / 2}
	return w.brush.draw(l, dot, image.Rect(0, 0, wide, height))
}

// fit returns as much of a text as fits in width, with an ellipsis where that is not all. It
// cuts between what readers take for characters.
func (w *Writer) fit(runes []rune, px, width int) line {
	l := w.layout(runes, px)
	if len(runes) == 0 || l.advance() <= fixed.I(width) {
		return l
	}
	ends := w.clusters(runes)
	low, high := 0, len(ends) // ends[:low] fit with the ellipsis, ends[:high] do not
	best := line{}
	for high-low > 1 {
		middle := (low + high) / 2
		cut := trimmed(runes[:ends[middle-1]])
		l = w.layout(append(slices.Clip(cut), '…'), px)
		if l.advance() > fixed.I(width) {
			high = middle
			continue
		}
		low, best = middle, l
	}
	if low == 0 {
		if l = w.layout([]rune{'…'}, px); l.advance() <= fixed.I(width) {
			return l
		}
	}
	return best
}

// Wrap cuts a text into lines of at most width pixels, where its writing allows (UAX #14). The
// last of at most n lines has all the rest, which Line cuts.
func (w *Writer) Wrap(s string, px, width, n int) (lines []string) {
	runes := Readable(s)
	for len(runes) > 0 && len(lines) < n-1 {
		var breaks segmenter.Segmenter
		breaks.Init(runes)
		end := 0
		for all := breaks.LineIterator(); all.Next(); {
			l := all.Line()
			next := l.Offset + len(l.Text)
			if w.layout(trimmed(runes[:next]), px).advance() > fixed.I(width) {
				break
			}
			end = next
		}
		if end == 0 {
			break
		}
		lines, runes = append(lines, string(trimmed(runes[:end]))), runes[end:]
	}
	if len(runes) > 0 {
		lines = append(lines, string(runes))
	}
	return lines
}

// trimmed returns a text without spaces at its end.
func trimmed(runes []rune) []rune {
	for len(runes) > 0 && runes[len(runes)-1] == ' ' {
		runes = runes[:len(runes)-1]
	}
	return runes
}

// clusters returns where each character of a text ends, as readers see characters.
func (w *Writer) clusters(runes []rune) (ends []int) {
	w.graphemes.Init(runes)
	for all := w.graphemes.GraphemeIterator(); all.Next(); {
		g := all.Grapheme()
		ends = append(ends, g.Offset+len(g.Text))
	}
	return ends
}

// Has tells whether there are fonts for all of a text.
func (w *Writer) Has(s string) bool {
	runes := Readable(s)
	start := 0
	for _, end := range w.clusters(runes) {
		if w.faceOf(runes[start:end], nil) == nil {
			return false
		}
		start = end
	}
	return true
}

// Initials returns the first letters of the first and the last word of name, in upper case.
// Words without a letter or digit that a font has do not count; without any, it returns "".
func (w *Writer) Initials(name string) string {
	var first [][]rune
	for _, word := range words(Readable(name)) {
		start := 0
		for _, end := range w.clusters(word) {
			c := word[start:end]
			start = end
			r := unicode.ToTitle(c[0])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) || w.faceOf(append([]rune{r}, c[1:]...), nil) == nil {
				continue
			}
			first = append(first, append([]rune{r}, c[1:]...))
			break
		}
	}
	switch len(first) {
	case 0:
		return ""
	case 1:
		return string(first[0])
	}
	between := ""
	if last := first[len(first)-1]; joinsNext(first[0]) && joinsNext(last) {
		between = string(nonJoiner)
	}
	return string(first[0]) + between + string(first[len(first)-1])
}

// joinsNext tells whether a letter takes another form beside others.
func joinsNext(c []rune) bool {
	return unicode.In(c[0], unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Adlam, unicode.Mandaic)
}

// words returns what stands between the spaces of a text.
func words(runes []rune) (all [][]rune) {
	start := 0
	for i := 0; i <= len(runes); i++ {
		if i < len(runes) && runes[i] != ' ' {
			continue
		}
		if i > start {
			all = append(all, runes[start:i])
		}
		start = i + 1
	}
	return all
}
