package video

import (
	"image"
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

// text returns a mask with s on one line, as wide as its ink but at most width
// pixels, and its capitals centred in the height. What does not fit ends in
// "…". It returns nil when nothing is to be seen.
func (t typeface) text(s string, px, width, height int) *image.Alpha {
	face, err := opentype.NewFace(t.font, &opentype.FaceOptions{Size: float64(px), DPI: 72})
	if err != nil {
		return nil
	}
	defer face.Close()
	line := string(truncate(face, t.boxed(readable(s)), fixed.I(width)))
	ink, _ := font.BoundString(face, line)
	w := min((ink.Max.X - ink.Min.X).Ceil(), width)
	if w <= 0 {
		return nil
	}
	mask := image.NewAlpha(image.Rect(0, 0, w, height))
	dot := fixed.Point26_6{X: -ink.Min.X, Y: (fixed.I(height) + face.Metrics().CapHeight) / 2}
	d := font.Drawer{Face: face, Src: image.Opaque, Dst: mask, Dot: dot}
	d.DrawString(line)
	return mask
}

// boxed puts a box in the place of each rune that the font lacks. The font's
// own box for them is too thin for small letters.
func (t typeface) boxed(line []rune) []rune {
	for i, r := range line {
		if !t.has(r) {
			line[i] = '□'
		}
	}
	return line
}

func (t typeface) has(r rune) bool {
	i, err := t.font.GlyphIndex(nil, r)
	return err == nil && i != 0
}

// readable returns the runes of s that stand for themselves on a line: valid,
// composed (é is one rune), spaces as one space. Control and format characters
// (zero width, bidirectional) and marks without a composed form are left out.
func readable(s string) []rune {
	s = norm.NFC.String(strings.ToValidUTF8(s[:min(len(s), maxNameBytes)], "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Mn, unicode.Me) {
			return -1
		}
		return r
	}, s)
	return []rune(strings.Join(strings.Fields(s), " "))
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
// upper case. Words without a letter or digit that the font has do not count;
// without any, it returns "".
func (t typeface) initials(name string) string {
	var first []rune
	for word := range strings.FieldsSeq(string(readable(name))) {
		for _, r := range word {
			if r = unicode.ToTitle(r); (unicode.IsLetter(r) || unicode.IsDigit(r)) && t.has(r) {
				first = append(first, r)
				break
			}
		}
	}
	if len(first) > 2 {
		first = append(first[:1], first[len(first)-1])
	}
	return string(first)
}
