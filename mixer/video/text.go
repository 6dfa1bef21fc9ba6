package video

import (
	"image"
	"image/draw"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// maxNameBytes bounds the work that a name can cause. No tile shows as much.
const maxNameBytes = 1024

// typeface writes in Go Medium, which covers Latin, Greek and Cyrillic. What it
// lacks is drawn as the font's box.
type typeface struct{ font *sfnt.Font }

func newTypeface() (typeface, error) {
	f, err := opentype.Parse(gomedium.TTF)
	return typeface{f}, err
}

// size returns the typeface at the given number of pixels an em.
func (t typeface) size(px int) (font.Face, error) {
	return opentype.NewFace(t.font, &opentype.FaceOptions{Size: float64(px), DPI: 72, Hinting: font.HintingNone})
}

// text returns a mask with s on one line, as wide as the text but at most width
// pixels, and its capitals centred in the height. What does not fit ends in
// "…". It returns nil when nothing is to be seen.
func (t typeface) text(s string, px, width, height int) *image.Alpha {
	face, err := t.size(px)
	if err != nil {
		return nil
	}
	defer face.Close()
	line := truncate(face, readable(s), fixed.I(width))
	if len(line) == 0 {
		return nil
	}
	d := font.Drawer{Face: face, Src: image.Opaque}
	mask := image.NewAlpha(image.Rect(0, 0, d.MeasureString(string(line)).Ceil(), height))
	d.Dst = draw.Image(mask)
	d.Dot.Y = (fixed.I(height) + face.Metrics().CapHeight) / 2
	d.DrawString(string(line))
	return mask
}

// readable returns the runes of s that stand for themselves on a line: valid,
// composed (é is one rune), spaces as one space. Control and format characters
// (zero width, bidirectional) and marks without a composed form are left out.
func readable(s string) []rune {
	s = norm.NFC.String(strings.ToValidUTF8(s[:min(len(s), maxNameBytes)], "\uFFFD"))
	line := []rune(strings.Join(strings.Fields(s), " "))
	return slices.DeleteFunc(line, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Mn, unicode.Me)
	})
}

// truncate returns as much of line as fits in width, with an ellipsis where
// that is not all.
func truncate(face font.Face, line []rune, width fixed.Int26_6) []rune {
	dots, _ := face.GlyphAdvance('…')
	var x fixed.Int26_6
	fits := -1 // runes that leave room for the ellipsis
	for i, r := range line {
		if x+dots <= width {
			fits = i
		}
		if i > 0 {
			x += face.Kern(line[i-1], r)
		}
		advance, _ := face.GlyphAdvance(r)
		if x += advance; x > width {
			if fits < 0 {
				return nil
			}
			return append([]rune(strings.TrimRight(string(line[:fits]), " ")), '…')
		}
	}
	return line
}

// initials returns the first letters of the first and the last word of name, in
// upper case, or its first character when it has no letters, or "".
func initials(name string) string {
	line := readable(name)
	var first []rune
	for word := range strings.FieldsSeq(string(line)) {
		if i := strings.IndexFunc(word, alphanumeric); i >= 0 {
			first = append(first, unicode.ToTitle([]rune(word[i:])[0]))
		}
	}
	switch {
	case len(first) > 1:
		return string([]rune{first[0], first[len(first)-1]})
	case len(first) == 1:
		return string(first)
	case len(line) > 0:
		return string(line[:1])
	}
	return ""
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
