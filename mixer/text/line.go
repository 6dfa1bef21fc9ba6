package text

import (
	"slices"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// missing stands for what no font has.
const missing = '□'

// line is a text in glyphs, from left to right.
type line []shaping.Output

// advance is how wide the line is, with the space around letters.
func (l line) advance() (x fixed.Int26_6) {
	for i := range l {
		x += l[i].Advance
	}
	return x
}

// ink is where the line's first and last pixels are.
func (l line) ink() (left, right fixed.Int26_6) {
	var x fixed.Int26_6
	first := true
	for i := range l {
		for _, g := range l[i].Glyphs {
			if g.Width != 0 && g.Height != 0 {
				from := x + g.XOffset + g.XBearing
				if first {
					left, right, first = from, from+g.Width, false
				}
				left, right = min(left, from), max(right, from+g.Width)
			}
			x += g.Advance
		}
	}
	return left, right
}

// span is a part of a text that is shaped at once.
type span struct {
	start, end int
	level      bidi.Level // UAX #9: odd ones run from right to left
	script     language.Script
	face       *font.Face
}

// layout shapes a text.
func (w *Writer) layout(runes []rune, px int) line {
	runes, faces := w.assign(runes)
	if len(runes) == 0 {
		return nil
	}
	spans := w.spans(runes, faces)
	l := make(line, len(spans))
	tongue := tongueOf(runes)
	for i, s := range spans {
		direction := di.DirectionLTR
		if s.level%2 != 0 {
			direction = di.DirectionRTL
		}
		s.face.SetPpem(uint16(min(px, 1<<15)), uint16(min(px, 1<<15)))
		l[i] = w.shaper.Shape(shaping.Input{
			Text: runes, RunStart: s.start, RunEnd: s.end, Direction: direction, Face: s.face,
			Size: fixed.I(px), Script: s.script, Language: tongue,
		})
	}
	return l
}

// assign gives each rune a face. A sequence of characters that no face has becomes one box.
func (w *Writer) assign(runes []rune) (out []rune, faces []*font.Face) {
	var before *font.Face
	start, lacked := 0, false
	for _, end := range w.clusters(runes) {
		c := runes[start:end]
		start = end
		face := w.faceOf(c, before)
		if face == nil {
			face = w.faceOf(c[:1], before) // without its marks
			c = c[:1]
		}
		if face == nil {
			if lacked {
				continue
			}
			lacked = true
			out, faces = append(out, missing), append(faces, w.own)
			before = w.own
			continue
		}
		lacked = lacked && c[0] == ' '
		for _, r := range c {
			out, faces = append(out, r), append(faces, face)
		}
		before = face
	}
	return out, faces
}

// faceOf returns the face for a character, nil where none has it. What all scripts share comes in
// the face before it.
func (w *Writer) faceOf(cluster []rune, before *font.Face) *font.Face {
	emoji := slices.ContainsFunc(cluster, Emoji)
	if before != nil && !emoji && !language.LookupScript(cluster[0]).Strong() && !coloured(before.Font) && covers(before, cluster) {
		return before
	}
	if covers(w.own, cluster) {
		return w.own
	}
	fonts := w.fonts()
	if emoji {
		for _, f := range slices.Backward(fonts) {
			if face := w.face(f); coloured(f) && covers(face, cluster) {
				return face
			}
		}
	}
	for _, f := range fonts {
		if face := w.face(f); covers(face, cluster) {
			return face
		}
	}
	return nil
}

// coloured tells whether a font has pictures.
func coloured(f *font.Font) bool { return len(f.BitmapSizes()) > 0 }

// face returns the writer's own handle of a font.
func (w *Writer) face(f *font.Font) *font.Face {
	if w.faces[f] == nil {
		w.faces[f] = font.NewFace(f)
	}
	return w.faces[f]
}

// covers tells whether a face has all of a character, perhaps in parts.
func covers(face *font.Face, cluster []rune) bool {
	for _, r := range cluster {
		if ignorable(r) {
			continue
		}
		if _, ok := face.NominalGlyph(r); ok {
			continue
		}
		parts := norm.NFD.String(string(r))
		if parts == string(r) {
			return false
		}
		for _, p := range parts {
			if _, ok := face.NominalGlyph(p); !ok {
				return false
			}
		}
	}
	return true
}

// spans cuts a text where direction, script or face change, and orders the parts from left to
// right (UAX #9, rule L2).
func (w *Writer) spans(runes []rune, faces []*font.Face) (all []span) {
	directions := w.paragraph.Segment(runes, bidi.Neutral)
	scripts := scriptsOf(runes)
	for i := range directions.NumRuns() {
		run := directions.Run(i)
		start := run.Start
		for at := start + 1; at <= run.End; at++ {
			if at < run.End && scripts[at] == scripts[start] && faces[at] == faces[start] {
				continue
			}
			all = append(all, span{start, at, run.Level, scripts[start], faces[start]})
			start = at
		}
	}
	var highest bidi.Level
	for _, s := range all {
		highest = max(highest, s.level)
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(all); i++ {
			j := i
			for j < len(all) && all[j].level >= level {
				j++
			}
			slices.Reverse(all[i:j])
			i = max(i, j)
		}
	}
	return all
}

// scriptsOf returns the script of each rune. What all scripts share has the script before it.
func scriptsOf(runes []rune) []language.Script {
	scripts := make([]language.Script, len(runes))
	before := language.Common
	for i, r := range runes {
		if s := language.LookupScript(r); s.Strong() {
			before = s
		}
		scripts[i] = before
	}
	for i := len(scripts) - 2; i >= 0; i-- {
		if scripts[i] == language.Common {
			scripts[i] = scripts[i+1]
		}
	}
	return scripts
}

// tongueOf returns the language whose forms Chinese characters have in a text: Japanese beside
// kana, Korean beside hangul.
func tongueOf(runes []rune) language.Language {
	for _, r := range runes {
		switch language.LookupScript(r) {
		case language.Hiragana, language.Katakana:
			return "ja"
		case language.Hangul:
			return "ko"
		}
	}
	return "zh-hans"
}
