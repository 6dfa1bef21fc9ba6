package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxBytes bounds the work that a text can cause. No line shows as much.
	maxBytes = 1024
	// maxMarks and maxForeign are how many marks a letter keeps: those of its script, and those
	// that all scripts have, which are stacked to cover other lines.
	maxMarks, maxForeign = 6, 2

	nonJoiner, joiner    = '\u200c', '\u200d'
	pictured, keycap     = '\ufe0f', '\u20e3'
	overlayMin, overlays = '\u0334', '\u0338' // marks that cross letters out
)

// Readable returns the runes of s that stand for themselves on a line: valid, composed (é is one
// rune), spaces as one space. Control and direction characters and marks that hide
// letters are left out. Joiners stay between letters, and between the parts of an emoji.
func Readable(s string) []rune {
	s = norm.NFC.String(strings.ToValidUTF8(beginning(s), "\uFFFD"))
	all := []rune(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) }), " "))
	kept := all[:0]
	marks, foreign := 0, 0
	for _, r := range all {
		switch {
		case loose(r):
			if len(kept) == 0 || !joins(kept[len(kept)-1]) {
				continue
			}
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Other_Default_Ignorable_Code_Point):
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if len(kept) == 0 || kept[len(kept)-1] == ' ' || hides(r) {
				continue
			}
			if marks++; unicode.Is(unicode.Inherited, r) {
				foreign++
			}
			if marks > maxMarks || foreign > maxForeign {
				continue
			}
		default:
			marks, foreign = 0, 0
		}
		if n := len(kept); n > 0 && loose(kept[n-1]) && !joins(r) {
			kept = kept[:n-1] // what the joiner would join is left out
		}
		kept = append(kept, r)
	}
	if n := len(kept); n > 0 && loose(kept[n-1]) {
		kept = kept[:n-1]
	}
	// Once more: a mark that is left out may have stood between a letter and the next mark.
	return []rune(norm.NFC.String(strings.Join(strings.Fields(string(kept)), " ")))
}

// beginning returns at most maxBytes of s, and no part of a rune.
func beginning(s string) string {
	if len(s) <= maxBytes {
		return s
	}
	end := maxBytes
	for end > maxBytes-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// loose tells whether r is a joiner, which needs something on both sides.
func loose(r rune) bool { return r == joiner || r == nonJoiner }

// hides tells whether a mark covers the letter that it belongs to.
func hides(r rune) bool {
	return r >= overlayMin && r <= overlays || unicode.Is(unicode.Me, r) && r != keycap
}

// joins tells whether a joiner may stand beside r.
func joins(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.S) }

// Emoji tells whether r is a picture by default, or makes one of the rune before it.
func Emoji(r rune) bool { return r >= 0x1F000 && r < 0x20000 || r == pictured || r == keycap }

// ignorable tells whether no font needs to have r.
func ignorable(r rune) bool {
	return loose(r) || unicode.Is(unicode.Variation_Selector, r)
}
